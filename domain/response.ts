import { NUMERAL } from './numerals.ts';

// Every run is bounded, so that a beginning of WINDOW characters holds any match.
const NAME = String.raw`(?:(?:paragraph|section)\s{0,3}${NUMERAL}|part\s{0,3}\d{1,6})(?:\s{0,3}(?:of|\/)\s{0,3}\d{1,6})?|第\s{0,3}(?:\d{1,6}|[零〇一二两三四五六七八九十百]{1,7})\s{0,3}(?:段落?|小?节|部分)|段落\s{0,3}(?:\d{1,6}|[一二三四五六七八九十百]{1,7})`;
const IDENTIFIER = new RegExp(
  String.raw`^(?<hashes>#{0,6})\s{0,9}(?<mark>[*_]{0,3})\s{0,3}(?:[[（【]\s{0,3}(?:${NAME})\s{0,3}[\]）】](?<closed1>[*_]{0,3})[ \t]{0,3}(?:[:：、]{0,3})|(?:${NAME})(?<closed2>[*_]{0,3})[ \t]{0,3}(?:[:：、]{1,3}|[.–—-]{1,5}(?![\d.–—-])|(?=\r?\n)|$))(?<after>[*_]{0,3})`,
  'iu',
);
const WINDOW = 200;

/**
 * A section without the identifiers that a model may put before it, such as "Paragraph 3:", "【第三段】" or "### Section 3";
 * a title after one stays, as the heading or in the emphasis that it was. Cleaning twice gives what cleaning once does.
 */
export function cleanSection(text: string): string {
  let marks = '';
  let rest = text.trim();
  for (;;) {
    const start = (marks + rest.slice(0, WINDOW)).slice(0, WINDOW);
    const match = IDENTIFIER.exec(start);
    if (!match) return marks + rest;
    const tail = rest.slice(match[0].length - marks.length);
    const titled = /^[ \t]{0,9}[^\s]/.test(tail.slice(0, WINDOW));
    marks = marksOf(match.groups!, titled);
    rest = tail.trimStart();
    if (rest === '') return '';
  }
}

/** The Markdown marks of an identifier that belong to what follows it: a title's heading, and emphasis that ends later. */
function marksOf(groups: Record<string, string>, titled: boolean): string {
  const { hashes = '', mark = '', closed1, closed2, after = '' } = groups;
  const closed = closed1 ?? closed2 ?? '';
  const emphasis = closed === mark ? after : after === mark ? '' : mark + after;
  return (hashes !== '' && titled ? `${hashes} ` : '') + emphasis;
}

/** The text of a sample: its sections, cleaned, with a blank line between. */
export function joinSections(sections: readonly string[]): string {
  return sections.map(cleanSection).join('\n\n');
}

/** An answer without the model's thinking, for endpoints that send it along. */
export function stripThinking(text: string): string {
  return text.replace(/^\s*<think>[\s\S]*?<\/think>\s*/u, '');
}
