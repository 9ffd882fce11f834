import { describe, expect, test } from 'vitest';
import { judgeClaims, lookCloser, verdictOf, type ClaimName, type Measured } from '../../../domain/claim.ts';
import { lengthScore } from '../../../domain/length.ts';
import type { EvaluationScores, ScoredPoint } from '../../../domain/schemas/evaluation.ts';

const REQUIRED = [100, 150, 200, 300, 400, 500, 600, 750, 900, 1000, 1200, 1500];

/** Scores of a model that writes so many words for what is required. */
function scoresOf(
  model: string,
  write: (required: number, index: number) => number,
  more: Partial<ScoredPoint> = {},
): EvaluationScores {
  const points = REQUIRED.flatMap((required, index) =>
    [0, 1].map((completion) => {
      const written = write(required, index) + 10 * completion;
      return {
        ...{ prompt: `p${index}`, completion, type: 'x', language: 'en', required, written, finishReason: 'stop' },
        ...{ refusal: false, qualityScore: null, distinct: 0.9, compressionRatio: 2 },
        lengthScore: lengthScore(required, written),
        ...more,
      };
    }),
  );
  return { model, points, statistics: { confidence: 0.95, resamples: 500, seed: 1 } } as unknown as EvaluationScores;
}

/** Models that write so many words, whatever is required, with a spread that no two prompts share. */
const about = (words: number) => (_: number, index: number) =>
  Math.round(words * (0.9 + (0.2 * ((index * 7) % 12)) / 11));

function measured(
  written: { base: number; doses: readonly number[]; dpo: number },
  more: Partial<Record<'longest', Partial<ScoredPoint>>> = {},
): Measured {
  return {
    base: scoresOf('base', about(written.base)),
    doses: written.doses.map((words, index) => ({
      ...{ model: `sft-${index}`, maxWords: 150 * 2 ** index, longest: 150 * 2 ** index, meanWords: 100, rows: 60 },
      scores: scoresOf(`sft-${index}`, about(words), index === written.doses.length - 1 ? more.longest : {}),
    })),
    dpo: scoresOf('dpo', about(written.dpo)),
  };
}

const verdicts = (of: Measured): Partial<Record<ClaimName, string>> =>
  Object.fromEntries(judgeClaims(of).map(({ claim, verdict }) => [claim, verdict]));

describe('the claims of the experiment', () => {
  test('are shown where written length grows with the outputs that were trained on', () => {
    const judged = judgeClaims(measured({ base: 450, doses: [150, 300, 600, 1000], dpo: 1000 }));
    const by = Object.fromEntries(judged.map((one) => [one.claim, one]));
    expect(by['follows']).toMatchObject({ verdict: 'shown', value: { n: 12 } });
    // 150 → 150, 300 → 300, 600 → 600, 1,200 → 1,000: a little less than a word for a word.
    expect(by['follows']!.value.mean).toBeGreaterThan(0.75);
    expect(by['follows']!.value.mean).toBeLessThan(0.9);
    expect(by['unlocks']).toMatchObject({ verdict: 'shown' });
    expect(by['unlocks']!.value.mean).toBeCloseTo(550, -1);
    expect(by['preferences']!.verdict).toBe('not shown');
  });

  test('see that more is written where much is asked for, and no more elsewhere', () => {
    const upTo = (most: number) => (required: number, index: number) =>
      Math.min(required, about(most)(required, index));
    const flat = measured({ base: 1, doses: [1, 1], dpo: 1 });
    const doses = flat.doses.map((dose, index) => ({
      ...dose,
      scores: scoresOf(dose.model, upTo([250, 600][index]!)),
    }));
    const judged = { base: scoresOf('base', upTo(300)), doses, dpo: scoresOf('dpo', upTo(1500)) };
    expect(verdicts(judged)).toMatchObject({ scores: 'shown', short: 'shown', preferences: 'shown' });
  });

  test('are not shown where nothing moves, and reversed where it moves the other way', () => {
    expect(verdicts(measured({ base: 450, doses: [450, 450, 450, 450], dpo: 450 }))).toEqual({
      ...{ follows: 'not shown', unlocks: 'not shown', scores: 'not shown', preferences: 'not shown' },
      // Nothing is lost.
      ...{ plain: 'shown', stops: 'shown', short: 'shown' },
    });
    expect(verdicts(measured({ base: 800, doses: [700, 600, 500, 300], dpo: 300 }))).toMatchObject({
      ...{ follows: 'reversed', unlocks: 'reversed', scores: 'reversed' },
    });
  });

  test('tell length that is bought by loops, by answers without an end, or by short prompts', () => {
    const longer = { base: 300, doses: [150, 300, 600, 1000], dpo: 1000 };
    expect(verdicts(measured(longer, { longest: { distinct: 0.4 } })).plain).toBe('reversed');
    expect(verdicts(measured(longer, { longest: { finishReason: 'length' } })).stops).toBe('reversed');
    expect(verdicts(measured(longer)).short).toBe('reversed');
  });

  test('of prompts that both models answered', () => {
    const all = measured({ base: 450, doses: [150, 600], dpo: 600 });
    const base = { ...all.base, points: all.base.points.filter(({ prompt }) => prompt !== 'p3') };
    const counted = (of: Measured) => Object.fromEntries(judgeClaims(of).map(({ claim, value }) => [claim, value.n]));
    expect(counted({ ...all, base })).toMatchObject({ follows: 12, unlocks: 11, short: 3, preferences: 12 });
    // An empty answer repeats nothing, and says nothing of it.
    const empty = all.base.points.map((point) => (point.prompt === 'p3' ? { ...point, written: 0 } : point));
    expect(counted({ ...all, base: { ...all.base, points: empty } })).toMatchObject({ unlocks: 12, plain: 11 });
  });

  test('take prompts of 300 words and fewer as short, and of 500 and more as long', () => {
    const counts = judgeClaims(measured({ base: 450, doses: [150, 600], dpo: 600 }));
    const n = (claim: ClaimName) => counts.find((one) => one.claim === claim)!.value.n;
    expect([n('short'), n('scores')]).toEqual([4, 7]);
  });

  test('can be looked at step by step, and without answers that ran on or in circles', () => {
    const ran = measured(
      { base: 300, doses: [150, 300, 300, 1000], dpo: 1000 },
      { longest: { finishReason: 'length' } },
    );
    const { steps, followsWhole, unlocksWhole } = lookCloser(ran);
    expect(steps.map(({ model, than }) => `${model} less ${than}`)).toEqual([
      ...['sft-1 less sft-0', 'sft-2 less sft-1', 'sft-3 less sft-2'],
    ]);
    expect(steps.map(({ words }) => Math.round(words.mean! / 50) * 50)).toEqual([150, 0, 700]);
    expect(steps[1]!.words).toMatchObject({ low: 0, high: 0 });
    // None of the longest model's answers ended: there is nothing to tell.
    expect([followsWhole, unlocksWhole].map(({ mean, n }) => [mean, n])).toEqual([
      [null, 0],
      [null, 0],
    ]);
    const loops = measured({ base: 300, doses: [150, 1000], dpo: 1000 }, { longest: { distinct: 0.4 } });
    expect(lookCloser(loops).unlocksWhole.n).toBe(0);
    const ended = measured({ base: 300, doses: [150, 1000], dpo: 1000 });
    expect(lookCloser(ended).unlocksWhole).toEqual(judgeClaims(ended).find(({ claim }) => claim === 'unlocks')!.value);
  });

  test('are decided by the ends of the interval, with what may be lost', () => {
    const value = (low: number, high: number) => ({ mean: (low + high) / 2, n: 9, low, high });
    expect(verdictOf(value(0.1, 2))).toBe('shown');
    expect(verdictOf(value(-0.1, 2))).toBe('not shown');
    expect(verdictOf(value(-2, -0.1))).toBe('reversed');
    expect(verdictOf(value(-4, 2), 5)).toBe('shown');
    expect(verdictOf(value(-6, 2), 5)).toBe('not shown');
    expect(verdictOf(value(-9, -6), 5)).toBe('reversed');
    expect(verdictOf({ mean: null, n: 0, low: null, high: null })).toBe('not shown');
  });
});
