import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countWords, lengthScore } from '../../../domain/length.ts';

const SCRIPT = fileURLToPath(new URL('../../fixtures/count-words.py', import.meta.url));
const COUNTED = JSON.parse(readFileSync(SCRIPT.replace('.py', '.json'), 'utf8')) as [string, number][];

/** Runs the released counting in Python; undefined where there is no Python. */
function countInPython(texts: readonly string[]): number[] | undefined {
  const python = spawnSync('python3', [SCRIPT, '-'], { input: JSON.stringify(texts), encoding: 'utf8' });
  if (python.error) return undefined;
  return JSON.parse(python.stdout) as number[];
}

describe('countWords', () => {
  it('counts 200 texts as the released Python counts them', () => {
    expect(COUNTED).toHaveLength(200);
    expect(COUNTED.map(([text]) => [text, countWords(text)])).toEqual(COUNTED);
  });

  it('counts drawn mixtures of scripts as Python does', ({ skip }) => {
    // Letters that Python 3.8 knows already; the tables of later Unicode versions differ.
    const piece = fc.oneof(
      fc.constantFrom('word', 'A', 'z', 'é', 'ß', 'İ', '写', '作', '龥', 'の', '한', 'д', '0', '²', 'Ⅷ', '_', '\u0301'),
      fc.constantFrom(' ', '\n', '-', "'", '。', '\u00a0', '\u200b', '😀', '𠀀', '𝔘'),
      fc.string({ unit: fc.integer({ min: 0, max: 0x24f }).map((code) => String.fromCodePoint(code)), maxLength: 4 }),
    );
    const texts = fc.sample(
      fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join('')),
      2000,
    );
    const counts = countInPython(texts);
    if (!counts) return skip('python3 is not there');
    expect(texts.map((text) => [text, countWords(text)])).toEqual(texts.map((text, index) => [text, counts[index]]));
  });

  it('adds up over texts that a blank line joins', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (a, b) => {
        expect(countWords(`${a}\n\n${b}`)).toBe(countWords(a) + countWords(b));
      }),
    );
  });
});

describe('lengthScore', () => {
  // Section 5.5 of the reference: written over required → S_l, as eval_length.py computes it.
  it.each([
    [0.25, 0],
    [0.4, 25],
    [0.5, 50],
    [0.6, 66.67],
    [0.7, 78.57],
    [0.8, 87.5],
    [0.9, 94.44],
    [1, 100],
    [1.1, 96.67],
    [1.25, 91.67],
    [1.5, 83.33],
    [1.6, 80],
    [2, 66.67],
    [2.5, 50],
    [3, 33.33],
    [4, 0],
  ])('gives a text of %f times the required length %f points', (ratio, score) => {
    expect(lengthScore(1000, ratio * 1000)).toBeCloseTo(score, 2);
  });

  it('gives no words 0, where the released script divides by zero', () => {
    expect(lengthScore(500, 0)).toBe(0);
  });

  it('refuses a required length that is none', () => {
    for (const required of [0, -5, Number.NaN]) expect(() => lengthScore(required, 100)).toThrow(RangeError);
  });

  it('stays within 0 and 100, and is 100 only at the required length', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50_000 }), fc.integer({ min: 0, max: 500_000 }), (required, written) => {
        const score = lengthScore(required, written);
        expect(score).toBeGreaterThanOrEqual(0);
        expect(score).toBeLessThanOrEqual(100);
        expect(score === 100).toBe(required === written);
      }),
    );
  });
});
