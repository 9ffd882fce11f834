import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countWords } from '../../../domain/length.ts';
import { inWindows, windowsOf, windowsWithin, wordsToRead } from '../../../domain/windows.ts';

const sentence = (words: number) => `${Array.from({ length: words }, () => 'word').join(' ')}. `;
/** Paragraphs of so many sentences of ten words each. */
const prose = (paragraphs: number, sentences = 5) =>
  Array.from({ length: paragraphs }, () => sentence(10).repeat(sentences).trim()).join('\n\n');
const sizes = (windows: readonly string[]) => windows.map(countWords);

describe('windowsWithin', () => {
  it('leaves a text whole that is short enough', () => {
    expect(windowsWithin(prose(4), 200)).toHaveLength(1);
  });

  it('cuts at the ends of paragraphs into windows of about equal size', () => {
    const windows = windowsWithin(prose(21), 1000);
    expect(sizes(windows)).toEqual([500, 550]);
    expect(windows[0]!.endsWith('.\n\n')).toBe(true);
  });

  it('cuts at the end of a sentence where no paragraph ends nearby, and between words where none does', () => {
    const windows = windowsWithin(sentence(10).repeat(110), 1000);
    expect(sizes(windows)).toEqual([550, 550]);
    expect(windows[1]!.startsWith('word')).toBe(true);
    expect(sizes(windowsWithin('word '.repeat(1100), 1000))).toEqual([550, 550]);
  });

  it('leaves headings and opening quotes with what they open', () => {
    const text = `${sentence(50)}\n\n## “Heading”\n\n${sentence(50)}`;
    expect(windowsWithin(text, 70)[1]).toMatch(/^## “Heading”/);
    const quoted = `${sentence(50)}“${sentence(50)}”`;
    expect(windowsWithin(quoted, 70)[1]).toMatch(/^“word/);
  });

  it('cuts Chinese at its sentences, and what has no spaces anywhere', () => {
    const chinese = windowsWithin('这是一个很长的句子。'.repeat(200), 1000);
    expect(chinese.map((window) => window.at(-1))).toEqual(['。', '。', '。']);
    expect(windowsWithin('x'.repeat(200_000), 1000).every((window) => window.length <= 20_000)).toBe(true);
    expect(windowsWithin('𝒂'.repeat(20_000), 1000).every((window) => Buffer.from(window).toString() === window)).toBe(
      true,
    );
  });

  it('counts words of any script, so that no text is too long unseen', () => {
    expect(wordsToRead('Это длинный текст, 12 слов')).toBe(5);
    expect(windowsWithin('слово '.repeat(1100), 1000)).toHaveLength(2);
  });

  it('loses nothing, says nothing twice, and keeps to the limit', () => {
    const piece = fc.constantFrom('word ', 'end. ', '\n\n', '中', '。', '12', '"', '— ', 'ünïcode ', '🙂', '! ', '\n');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 400 }), fc.integer({ min: 1, max: 60 }), (pieces, words) => {
        const text = pieces.join('');
        const windows = windowsWithin(text, words);
        expect(windows.join('')).toBe(text);
        if (words < 10) return;
        for (const window of windows) expect(wordsToRead(window)).toBeLessThanOrEqual(words + 1);
      }),
      { numRuns: 300 },
    );
  });
});

describe('windowsOf', () => {
  it.each([
    [10, 100, [100, 100, 100, 100, 100]],
    [5, 100, [100, 100, 50]],
    [9, 200, [200, 250]],
    [1, 100, [50]],
    [3, 500, [150]],
  ])(
    'of %i paragraphs, %i words each, line up from text to text, a small rest with the last',
    (count, words, expected) => {
      expect(sizes(windowsOf(prose(count), words))).toEqual(expected);
    },
  );
});

describe('inWindows', () => {
  it('halves', () => {
    expect(sizes(inWindows(prose(10), 2))).toEqual([250, 250]);
  });

  it('leaves whole what has no place to cut', () => {
    expect(inWindows('!'.repeat(1000), 2)).toHaveLength(1);
  });
});
