import { describe, expect, test } from 'vitest';
import { failuresInARow, judgeFiring } from '../../../domain/firing.ts';
import type { Calibration, EvaluationScores, Firing } from '../../../domain/schemas/evaluation.ts';
import { evaluated } from '../report-sample.ts';

const WORDS = [200, 800, 100, 1200, 400, 500, 300, 1000];
const GOOD = evaluated('mine', WORDS);
const scheduledAt = '2026-11-25T03:00:00.000Z';

/** The same answers, each judged so many points lower. */
function lower(points: number): EvaluationScores {
  return {
    ...GOOD,
    points: GOOD.points.map((point) => ({ ...point, qualityScore: point.qualityScore! - points })),
  };
}

function drifted(mean: number): Calibration {
  const drift = { mean, n: 20, low: mean - 2, high: mean + 2 };
  return { judge: GOOD.judge, completions: 20, unscored: 0, drift };
}

describe('judgeFiring', () => {
  const earlier = { scheduledAt, scores: [GOOD] };

  test('has nothing to hold the first firing against', () => {
    expect(judgeFiring([GOOD], undefined, undefined)).toMatchObject({ outcome: 'steady' });
  });

  test('tells a fall by more than its interval, with its size', () => {
    const { outcome, message } = judgeFiring([lower(10)], undefined, earlier);
    expect(outcome).toBe('regressed');
    expect(message).toContain('S_q of mine by 10.0 points');
    expect(judgeFiring([GOOD], undefined, { scheduledAt, scores: [lower(10)] }).outcome).toBe('steady');
  });

  test('puts a fall down to the judge where its drift explains it, and not where it had drifted before', () => {
    const { outcome, message } = judgeFiring([lower(10)], drifted(-9), earlier);
    expect(outcome).toBe('steady');
    expect(message).toContain("as the judge's own drift does");
    expect(judgeFiring([lower(10)], drifted(-9), { ...earlier, calibration: drifted(-9) }).outcome).toBe('regressed');
    expect(judgeFiring([lower(10)], drifted(-4), earlier).outcome).toBe('regressed');
  });

  test('compares no S_q of another judge, and still the length', () => {
    const other = { ...lower(10), judge: { ...GOOD.judge, model: 'another' } };
    expect(judgeFiring([other], undefined, earlier)).toEqual({
      outcome: 'steady',
      message: `nothing comparable of S_q of mine in ${scheduledAt}`,
    });
    const shorter = { ...other, points: other.points.map((point) => ({ ...point, lengthScore: 0 })) };
    const { outcome, message } = judgeFiring([shorter], undefined, earlier);
    expect(outcome).toBe('regressed');
    expect(message).toContain('S_l of mine');
  });

  test.each([
    ['another benchmark', { benchmark: 'inputs/other' }],
    ['other prompts', { points: GOOD.points.map((point) => ({ ...point, prompt: `new ${point.prompt}` })) }],
  ])('says so where nothing can be compared: %s', (_, change) => {
    const { message } = judgeFiring([{ ...lower(10), ...change }], undefined, earlier);
    expect(message).toContain('nothing comparable of mine');
  });

  test('calls no fall of too few prompts a regression', () => {
    const few = (scores: EvaluationScores) => ({ ...scores, points: scores.points.slice(0, 3) });
    expect(judgeFiring([few(lower(10))], undefined, { scheduledAt, scores: [few(GOOD)] }).outcome).toBe('steady');
  });

  test('demands more of each score the more of them there are', () => {
    const uneven = (model: string, by: number): EvaluationScores => ({
      ...GOOD,
      model,
      points: GOOD.points.map((point, index) => ({
        ...point,
        qualityScore: point.qualityScore! - (index < 5 ? by : 0),
      })),
    });
    const others = ['a', 'b', 'c', 'd'].map((model) => ({ ...GOOD, model }));
    const before = { scheduledAt, scores: [GOOD, ...others] };
    expect(judgeFiring([uneven('mine', 10)], undefined, before).outcome).toBe('regressed');
    expect(judgeFiring([uneven('mine', 10), ...others], undefined, before).outcome).toBe('steady');
  });

  test('has failed where the judge gave no score at all', () => {
    const { overall } = GOOD;
    const unjudged = { ...GOOD, overall: { ...overall, qualityScore: { mean: null, n: 0, low: null, high: null } } };
    expect(judgeFiring([unjudged], undefined, earlier)).toEqual({
      outcome: 'failed',
      message: 'the judge gave no score of mine',
    });
  });
});

test('failuresInARow counts the last ones only', () => {
  const firings = (['failed', 'steady', 'failed', 'failed'] as const).map((outcome): Firing => ({
    schedule: 's',
    scheduledAt,
    endedAt: scheduledAt,
    outcome,
    message: '',
    models: [],
  }));
  expect([firings, firings.slice(0, 2), firings.slice(0, 1), []].map(failuresInARow)).toEqual([2, 0, 1, 0]);
});
