import { countWords } from './length.ts';
import { sectionTexts } from './section-texts.ts';

/** Tells the sentences of a text of any language apart. */
const SENTENCES = new Intl.Segmenter(undefined, { granularity: 'sentence' });

/**
 * A text cut to at most `maxWords` words at the end of one of its sections; where its first section is longer, at the end of
 * one of its paragraphs, and where the first paragraph is, of one of its sentences, of which the first stays whole. A text
 * without sections that can be told apart, such as an imported one, is cut at a paragraph's end.
 *
 * @param words words of each section, as the sample's view holds them
 */
export function cutText(text: string, words: readonly number[], maxWords: number): string {
  if (countWords(text) <= maxWords) return text;
  const sections = (words.length > 1 ? sectionTexts(text, words) : undefined) ?? [text];
  let parts: readonly string[] = [];
  for (const [split, glue] of [
    [() => sections, '\n\n'],
    [(part: string) => part.split('\n\n'), '\n\n'],
    [(part: string) => Array.from(SENTENCES.segment(part), ({ segment }) => segment), ''],
  ] as const) {
    parts = split(parts[0] ?? text);
    const fitting = leadingParts(parts, maxWords);
    if (fitting.length > 0) return fitting.join(glue).trimEnd();
  }
  return parts[0]!.trimEnd();
}

/** As many parts from the first on as have so many words together. */
function leadingParts(parts: readonly string[], maxWords: number): readonly string[] {
  let count = 0;
  const end = parts.findIndex((part) => (count += countWords(part)) > maxWords);
  return end < 0 ? parts : parts.slice(0, end);
}
