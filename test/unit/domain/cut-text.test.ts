import { describe, expect, test } from 'vitest';
import { cutText } from '../../../domain/cut-text.ts';

const words = (count: number, word: string): string => Array.from({ length: count }, () => word).join(' ');
/** A section of two paragraphs, the first of two sentences. */
const section = (count: number, word: string): string =>
  `${words(30, word)}. ${words(count - 50, word)}.\n\n${words(20, word)}.`;
const TEXT = [section(100, 'One'), section(120, 'Two'), section(90, 'Three')].join('\n\n');

describe('a text that is cut to so many words', () => {
  test.each([
    [310, TEXT],
    [309, [section(100, 'One'), section(120, 'Two')].join('\n\n')],
    [220, [section(100, 'One'), section(120, 'Two')].join('\n\n')],
    [219, section(100, 'One')],
    [100, section(100, 'One')],
  ])('at most %i words: ends with a section', (maxWords, kept) => {
    expect(cutText(TEXT, [100, 120, 90], maxWords)).toBe(kept);
  });

  test('ends with a paragraph, a sentence, or its first sentence where the section before is too long', () => {
    const [first, second] = [`${words(30, 'One')}.`, `${words(50, 'One')}.`];
    expect(cutText(TEXT, [100, 120, 90], 99)).toBe(`${first} ${second}`);
    expect(cutText(TEXT, [100, 120, 90], 79)).toBe(first);
    expect(cutText(TEXT, [100, 120, 90], 5)).toBe(first);
  });

  test('ends with a paragraph where it has no sections, or none that can be told apart', () => {
    for (const sections of [[], [310], [101, 120, 90]]) expect(cutText(TEXT, sections, 110)).toBe(section(100, 'One'));
  });

  test('counts Chinese characters as words, and knows their sentences', () => {
    const text = `${'字'.repeat(30)}。${'句'.repeat(20)}。\n\n${'文'.repeat(30)}。`;
    expect(cutText(text, [50, 30], 59)).toBe(text.split('\n\n')[0]);
    expect(cutText(text, [50, 30], 80)).toBe(text);
    expect(cutText(text, [50, 30], 49)).toBe(`${'字'.repeat(30)}。`);
  });
});
