import { countWords } from './length.ts';

/**
 * Cuts a sample's text, which `joinSections` joined with blank lines, at the sections' word counts; undefined where no
 * blank line lies at one of them, so that the text cannot be told apart.
 *
 * @param words words of each section, as the sample's view holds them
 */
export function sectionTexts(text: string, words: readonly number[]): string[] | undefined {
  const paragraphs = text.split('\n\n');
  const sections: string[] = [];
  let next = 0;
  for (const [index, wanted] of words.entries()) {
    const start = next;
    let found = 0;
    // A paragraph without words, such as a rule, ends the section that it stands behind.
    while (next < paragraphs.length) {
      const more = countWords(paragraphs[next]!);
      if (next > start && found + more > wanted) break;
      found += more;
      next += 1;
    }
    if (found !== wanted) return undefined;
    sections.push(paragraphs.slice(start, next).join('\n\n'));
    if (index === words.length - 1 && next < paragraphs.length) return undefined;
  }
  return sections.length === 0 ? undefined : sections;
}
