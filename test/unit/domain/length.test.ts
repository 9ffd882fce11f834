import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PROJECT } from '../../../configs/env.ts';
import { countWords, lengthScore } from '../../../domain/length.ts';
import { missing } from '../../parts.ts';

const SCRIPT = join(PROJECT, 'test/fixtures/count-words.py');
const COUNTED = JSON.parse(readFileSync(SCRIPT.replace('.py', '.json'), 'utf8')) as [string, number][];

const PYTHON = ['python3', join(PROJECT, '.longwriter/python/trainer/bin/python')].find(
  (python) => spawnSync(python, ['--version']).status === 0,
);

/** Runs the released counting in Python; null for a text with characters that Python does not know. */
function countInPython(texts: readonly string[]): (number | null)[] {
  const { stdout } = spawnSync(PYTHON!, [SCRIPT, '-'], { input: JSON.stringify(texts), encoding: 'utf8' });
  return JSON.parse(stdout) as (number | null)[];
}

describe('countWords', () => {
  it('counts 200 texts as the released Python counts them', () => {
    expect(COUNTED).toHaveLength(200);
    expect(COUNTED.map(([text]) => [text, countWords(text)])).toEqual(COUNTED);
  });

  it.skipIf(PYTHON === undefined && missing('trainer'))('counts any text as Python does', () => {
    const piece = fc.oneof(
      fc.constantFrom('word', 'A', 'z', 'é', 'ß', 'İ', '写', '作', '龥', 'の', '한', 'д', '0', '²', 'Ⅷ', '_', '\u0301'),
      fc.constantFrom(' ', '\n', '-', "'", '。', '\u00a0', '\u200b', '😀', '𠀀', '𝔘'),
      fc.string({ unit: 'binary', maxLength: 4 }),
    );
    const texts = fc
      .sample(
        fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join('')),
        5000,
      )
      // What this Node does not know yet, or Python does not, is no letter to the one and may be one to the other.
      .filter((text) => !/\p{Cn}/u.test(text));
    const counts = countInPython(texts);
    const compared = texts.flatMap((text, index) => (counts[index] === null ? [] : ([[text, counts[index]]] as const)));
    expect(compared.length).toBeGreaterThan(500);
    expect(compared.map(([text]) => [text, countWords(text)])).toEqual(compared);
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
