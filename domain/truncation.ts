const MARKS_AT_END = /[\s*_#>~`|=-]+$/u;
const ENDS_SENTENCE = /[.!?…。！？’”"'」』）)\]】》〉:：;；—–]$/u;
/** Only prose can be cut in mid-sentence in a way that its end shows: not a list, a table, a heading, emphasis or an address. */
const NO_PROSE =
  /^\s*(?:[-*+•·◦]\s|\(?\d{1,3}[.)、．]|[一二三四五六七八九十]{1,3}[、.．]|[（(][一二三四五六七八九十\d]{1,3}[)）]|#{1,6}\s|\||>|[*_]{1,3}[^*_]+[*_]{1,3}\s*$|[-—–]{2}|©)|\|\s*$|(?:https?:\/\/|www\.|@)\S*$|#[\p{L}\p{N}_]+$/u;
/** Tokens below which a last line may be a closing, a signature or a verse. */
const FEW_WORDS = 8;
const FEW_HAN = 12;
/** Share of the paragraphs before the last one that must end in a mark, for a missing one to tell. */
const MARKED = 0.7;

/**
 * Whether a text seems to have been cut: its last paragraph is prose, ends in the middle of a sentence, and the paragraphs
 * before it do not end so. For texts whose finish reason is not known; what may be a list, a verse or a signature is not cut.
 */
export function isTruncated(text: string): boolean {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const last = (lines.at(-1) ?? '').slice(-400);
  const line = last.replace(MARKS_AT_END, '');
  if (line === '' || NO_PROSE.test(last) || ENDS_SENTENCE.test(line)) return false;
  if (!/[\p{L}\p{N},，、(（“‘「『]$/u.test(line)) return false;
  const han = line.match(/\p{Script=Han}/gu)?.length ?? 0;
  const isShort = han * 2 > line.length ? han < FEW_HAN : (line.match(/[^\s]+/gu)?.length ?? 0) < FEW_WORDS;
  if (isShort) return false;
  const prose = lines.slice(0, -1).filter((one) => !NO_PROSE.test(one));
  const marked = prose.filter((one) => ENDS_SENTENCE.test(one.slice(-40).replace(MARKS_AT_END, ''))).length;
  return marked >= MARKED * prose.length;
}
