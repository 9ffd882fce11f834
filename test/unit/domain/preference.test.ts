import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { choosePair, pairScore, summarizeSpread, type ScoredCompletion } from '../../../domain/preference.ts';

const SETTINGS = { seed: 42, prompt: '0123456789abcdef', lengthWeight: 0.5, minSpread: 1, chooseTruncated: false };
const completion = (index: number, length: number, quality?: number, text = `text ${index}`): ScoredCompletion => ({
  completion: index,
  text,
  truncated: false,
  lengthScore: length,
  qualityScore: quality,
});
const cut = (one: ScoredCompletion): ScoredCompletion => ({ ...one, truncated: true });
const FOUR = [completion(0, 50, 50), completion(1, 90, 80), completion(2, 10, 40), completion(3, 60, 70)];

const scores = fc.constantFrom(0, 40, 50, 60, 100); // few, so that ties come up
const completions = fc
  .array(fc.tuple(scores, fc.option(scores, { nil: undefined }), fc.constantFrom('a text', '', ' \n')), {
    maxLength: 6,
  })
  .map((drawn) => drawn.map(([length, quality, text], index) => completion(index, length, quality, text)));

describe('choosePair', () => {
  it('chooses the best completion', () => {
    expect(choosePair(FOUR, SETTINGS)).toMatchObject({ ok: true, chosen: { completion: 1 } });
  });

  it('weighs length against quality as it is told', () => {
    const [long, good] = [completion(0, 100, 20), completion(1, 20, 90)];
    const chosen = (lengthWeight: number) => choosePair([long, good], { ...SETTINGS, lengthWeight });
    expect(chosen(1)).toMatchObject({ chosen: { completion: 0 }, spread: 80 });
    expect(chosen(0)).toMatchObject({ chosen: { completion: 1 }, spread: 70 });
  });

  it('needs no judge where length is all', () => {
    const unjudged = [completion(0, 30), completion(1, 80)];
    expect(choosePair(unjudged, { ...SETTINGS, lengthWeight: 1 })).toMatchObject({
      ...{ chosen: { completion: 1 }, rejected: { completion: 0 }, spread: 50 },
    });
    expect(choosePair(unjudged, { ...SETTINGS, lengthWeight: 0.9 })).toEqual({ ok: false, reason: 'unscored' });
  });

  it('rejects each of the others for some prompt, and always the same one for the same prompt and seed', () => {
    const rejected = (prompt: string, seed = 42) => {
      const pair = choosePair(FOUR, { ...SETTINGS, prompt, seed });
      return pair.ok ? pair.rejected.completion : undefined;
    };
    const prompts = Array.from({ length: 60 }, (_, index) => `prompt ${index}`);
    expect(new Set(prompts.map((prompt) => rejected(prompt)))).toEqual(new Set([0, 2, 3]));
    expect(prompts.map((prompt) => rejected(prompt))).toEqual(prompts.map((prompt) => rejected(prompt)));
    expect(prompts.map((prompt) => rejected(prompt, 43))).not.toEqual(prompts.map((prompt) => rejected(prompt)));
  });

  it('gives the same pair in whatever order the completions come', () => {
    const shuffled = completions.chain((given) =>
      fc.tuple(fc.constant(given), fc.shuffledSubarray(given, { minLength: given.length, maxLength: given.length })),
    );
    fc.assert(
      fc.property(shuffled, fc.integer({ min: 0 }), ([given, other], seed) => {
        expect(choosePair(other, { ...SETTINGS, seed })).toEqual(choosePair(given, { ...SETTINGS, seed }));
      }),
    );
  });

  it('keeps apart what it chooses and rejects, by the least spread and never for the worse', () => {
    fc.assert(
      fc.property(completions, fc.integer({ min: 0, max: 40 }), (given, minSpread) => {
        const pair = choosePair(given, { ...SETTINGS, minSpread });
        if (!pair.ok) return;
        expect(pair.chosen.completion).not.toBe(pair.rejected.completion);
        expect(pair.spread).toBeGreaterThanOrEqual(minSpread);
        for (const { text, qualityScore } of [pair.chosen, pair.rejected]) {
          expect(text.trim()).not.toBe('');
          expect(qualityScore).toBeDefined();
        }
      }),
    );
  });

  it.each([
    ['unscored', [completion(0, 90), completion(1, 80, 70)]],
    ['unscored', []],
    ['empty', [completion(0, 90, 90), completion(1, 0, 0, ' ')]],
    ['spread-too-small', [completion(0, 50, 50), completion(1, 50, 51)]],
    ['identical', [completion(0, 90, 90, 'the same'), completion(1, 90, 20, 'the same\n')]],
    ['truncated', [cut(completion(0, 90, 90)), cut(completion(1, 90, 20))]],
  ] as const)('drops a prompt as %s', (reason, given) => {
    expect(choosePair(given, SETTINGS)).toEqual({ ok: false, reason });
  });

  it('leaves an unscored completion out, and pairs the others', () => {
    const pair = choosePair([completion(0, 100), completion(1, 90, 90), completion(2, 10, 10)], SETTINGS);
    expect(pair).toMatchObject({ ok: true, chosen: { completion: 1 }, rejected: { completion: 2 } });
  });
});

describe('a completion that was cut at the token limit', () => {
  const given = [cut(completion(0, 60, 60)), completion(1, 90, 80)];

  it('can be rejected', () => {
    expect(choosePair(given, SETTINGS)).toMatchObject({ chosen: { completion: 1 }, rejected: { completion: 0 } });
  });

  it('is not chosen, though it is the best, unless that is asked for', () => {
    const best = [cut(completion(0, 99, 99)), ...FOUR.slice(1)];
    for (const prompt of ['a', 'b', 'c', 'd', 'e', 'f']) {
      const pair = choosePair(best, { ...SETTINGS, prompt });
      // Against the better one that was cut there is no pair.
      expect(pair).toMatchObject(pair.ok ? { chosen: { completion: 1 } } : { reason: 'spread-too-small' });
    }
    expect(choosePair(best, { ...SETTINGS, chooseTruncated: true })).toMatchObject({ chosen: { completion: 0 } });
  });
});

describe('summarizeSpread', () => {
  it('has the middle of an odd number, and the mean of the two middle ones of an even number', () => {
    expect(summarizeSpread([9, 1, 2])).toEqual({ min: 1, median: 2, mean: 4, max: 9 });
    expect(summarizeSpread([9, 1, 2, 4])).toEqual({ min: 1, median: 3, mean: 4, max: 9 });
  });
});

describe('pairScore', () => {
  it('is between its two scores', () => {
    expect(pairScore(80, 40, 0.25)).toBe(50);
  });
});
