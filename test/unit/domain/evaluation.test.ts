import { describe, expect, it } from 'vitest';
import { BUCKETS, summarize, summarizeBuckets, type EvaluatedCompletion } from '../../../domain/evaluation.ts';
import { NO_SPENDING } from '../../../domain/cost.ts';
import { qualityScore } from '../../../domain/rubric.ts';
import { DIMENSIONS, type RubricScores } from '../../../domain/schemas/completion.ts';
import { ScoreSummary } from '../../../domain/schemas/evaluation.ts';

const all = (score: number) => Object.fromEntries(DIMENSIONS.map((name) => [name, score])) as RubricScores;

function row(length: number, lengthScore: number, score?: number, finishReason = 'stop'): EvaluatedCompletion {
  const identity = { prompt: 'p', completion: 0, spending: NO_SPENDING };
  return {
    prompt: { id: 'p', prompt: 'Write.', length, type: 'News Report' },
    completion: {
      ...identity,
      call: 'c',
      text: 'text',
      words: length,
      finishReason,
      lengthScore,
      measures: { distinct: 1, compressionRatio: 1 },
      refusal: false,
    },
    judgements: [
      {
        ...identity,
        judgement: 0,
        calls: ['j'],
        parts: [],
        ...(score === undefined
          ? { unscored: 'no JSON object' }
          : { scores: all(score), qualityScore: qualityScore(all(score)) }),
      },
    ],
  };
}

describe('summarize', () => {
  it('gives every mean with its n', () => {
    expect(summarize([row(100, 100, 5), row(300, 50, 3, 'length')])).toMatchObject({
      completions: 2,
      lengthScore: { mean: 75, n: 2 },
      qualityScore: { mean: 75, n: 2 },
      overall: { mean: 75 },
      words: { mean: 200, n: 2 },
      finishReasons: { stop: 1, length: 1 },
      unscored: 0,
      dimensions: { clarity: { mean: 75, n: 2 } },
    });
  });

  it('lets an unscored completion lower n, and never fills its score in', () => {
    const summary = summarize([row(100, 100, 5), row(100, 0), { ...row(100, 50), judgements: [] }]);
    expect(summary).toMatchObject({
      lengthScore: { mean: 50, n: 3 },
      qualityScore: { mean: 100, n: 1 },
      overall: { mean: 75 },
      unscored: 2,
      dimensions: { relevance: { mean: 100, n: 1 } },
    });
  });

  it('has no overall score where nothing is scored', () => {
    expect(summarize([row(100, 80)])).toMatchObject({
      qualityScore: { mean: null, n: 0 },
      overall: { mean: null },
      unscored: 1,
    });
    expect(summarize([])).toMatchObject({ completions: 0, lengthScore: { mean: null, n: 0 }, overall: { mean: null } });
  });

  it('keeps its schema', () => {
    for (const rows of [[], [row(100, 80)], [row(100, 80, 4)]]) {
      expect(ScoreSummary.parse(JSON.parse(JSON.stringify(summarize(rows))))).toEqual(summarize(rows));
    }
  });
});

describe('summarizeBuckets', () => {
  it.each([
    [1, '[0, 500)'],
    [499, '[0, 500)'],
    [500, '[500, 2k)'],
    [1999, '[500, 2k)'],
    [2000, '[2k, 4k)'],
    [4000, '[4k, 20k]'],
    [20_000, '[4k, 20k]'],
  ])('puts %i required words into %s', (length, bucket) => {
    expect(Object.keys(summarizeBuckets([row(length, 100, 5)]))).toEqual([bucket]);
  });

  it('adds up to all completions, in the order of the paper’s table', () => {
    const rows = [5000, 100, 2500, 20_000, 700].map((length) => row(length, 50, 3));
    const buckets = summarizeBuckets(rows);
    expect(Object.keys(buckets)).toEqual(BUCKETS.map(({ name }) => name));
    expect(Object.values(buckets).reduce((sum, { completions }) => sum + completions, 0)).toBe(rows.length);
  });
});
