/** Letters below which a last line without an end mark is a heading, an item or a signature, and not a cut sentence. */
const SHORT_LINE = 40;
const SHORT_HAN_LINE = 12;
const MARKS_AT_END = /[\s*_#>~`|=-]+$/u;
const ENDS_SENTENCE = /[.!?…。！？’”"'」』）)\]】》〉:：;；]$/u;
const GOES_ON = /[,，、—–(（[【“‘「『《]$/u;

/**
 * Whether a text seems to have been cut: its last line goes on at a comma or an open bracket, or is long and ends without any
 * mark. For texts whose finish reason is not known.
 */
export function isTruncated(text: string): boolean {
  const last = text.trimEnd().split('\n').at(-1)!.slice(-400);
  if (/^\s*(?:[-=*_~`#|]\s*){3,}$/u.test(last)) return false;
  const line = last.replace(MARKS_AT_END, '');
  if (GOES_ON.test(line)) return true;
  if (ENDS_SENTENCE.test(line) || /[\p{Extended_Pictographic}]$/u.test(line)) return false;
  // What does not end in a letter or a digit ends in a mark of some other kind, which is an end.
  if (!/[\p{L}\p{N}]$/u.test(line)) return false;
  const han = line.match(/\p{Script=Han}/gu)?.length ?? 0;
  return han * 2 > line.length ? han > SHORT_HAN_LINE : line.trim().length > SHORT_LINE;
}
