import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { copiedShare, longestRun, repeatedShare } from '../../../domain/repetition.ts';
import { tokensOf } from '../../../domain/tokens.ts';

describe('repeatedShare', () => {
  it('is the share of n-grams that stood in the text before', () => {
    expect(repeatedShare('a b a b a', 2)).toBe(0.5);
    expect(repeatedShare('a b c d', 2)).toBe(0);
    expect(repeatedShare('好好好好', 1)).toBe(0.75);
  });

  it('is 0 for a text of fewer than n tokens', () => {
    expect(repeatedShare('a a a', 4)).toBe(0);
    expect(repeatedShare('', 1)).toBe(0);
  });

  it('counts a rule, or a blank to fill in, as one token', () => {
    expect(repeatedShare(`a ${'-'.repeat(80)} b ${'_'.repeat(80)} c`, 2)).toBe(0);
  });

  it('is near 1 for a model that loops, and small for prose', () => {
    expect(repeatedShare('And then it was winter, and the snow fell. '.repeat(50), 8)).toBeGreaterThan(0.95);
    const prose = Array.from({ length: 60 }, (_, index) => `In year ${index} the town had ${index * 7} houses.`).join(
      ' ',
    );
    expect(repeatedShare(prose, 8)).toBe(0);
  });
});

describe('copiedShare', () => {
  it('is the share of n-grams that stand in the source', () => {
    expect(copiedShare('a b c x', 'x a b c', 2)).toBeCloseTo(2 / 3);
    expect(copiedShare('a b c', 'a b c', 3)).toBe(1);
    expect(copiedShare('a b c', 'c b a', 2)).toBe(0);
  });

  it('is 0 where either has fewer than n tokens', () => {
    expect(copiedShare('a', 'a b', 2)).toBe(0);
    expect(copiedShare('a b', 'a', 2)).toBe(0);
  });

  it('counts a copied n-gram as often as it stands in the text', () => {
    expect(copiedShare('a b a b', 'a b', 2)).toBeCloseTo(2 / 3);
  });
});

describe('longestRun', () => {
  it('counts one token in a row, whatever stands between in white space', () => {
    expect(longestRun('No!!!!!! no')).toBe(6);
    expect(longestRun('the the\nTHE end')).toBe(3);
    expect(longestRun('哈哈哈')).toBe(3);
    expect(longestRun('')).toBe(0);
  });

  it('passes over rules, blanks to fill in and dots', () => {
    expect(longestRun(`${'-'.repeat(80)}\n${'_'.repeat(80)}\n${'·'.repeat(80)}\n${'…'.repeat(80)}`)).toBe(0);
  });
});

describe('the measures of any text', () => {
  it('are shares, 1 only for copies, and never throw', () => {
    const text = fc
      .array(fc.oneof(fc.constantFrom('a ', 'b ', '水', '!'), fc.string({ unit: 'binary' })))
      .map((all) => all.join(''));
    fc.assert(
      fc.property(text, text, fc.integer({ min: 1, max: 8 }), (one, other, n) => {
        for (const share of [repeatedShare(one, n), copiedShare(one, other, n)]) {
          expect(share).toBeGreaterThanOrEqual(0);
          expect(share).toBeLessThanOrEqual(1);
        }
        expect(copiedShare(one, one, n)).toBe(tokensOf(one).length >= n ? 1 : 0);
        expect(longestRun(one)).toBeLessThanOrEqual(tokensOf(one).length);
      }),
    );
  });

  it('take well under a second each for 200,000 characters without spaces', () => {
    const varied = Array.from({ length: 200_000 }, (_, index) =>
      String.fromCodePoint(0x4e00 + ((index * index) % 20_011)),
    ).join('');
    for (const text of [varied, '!'.repeat(200_000), 'a'.repeat(200_000)]) {
      const started = performance.now();
      repeatedShare(text, 8);
      copiedShare(text, varied, 8);
      longestRun(text);
      expect(performance.now() - started).toBeLessThan(1500);
    }
  });
});
