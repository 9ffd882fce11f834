import { describe, expect, it } from 'vitest';
import { NO_SPENDING } from '../../../domain/cost.ts';
import { BUCKETS, compareModels, numbersOf, type EvaluatedCompletion } from '../../../domain/evaluation.ts';
import { qualityScore } from '../../../domain/rubric.ts';
import { DIMENSIONS, type Judgement, type RubricScores } from '../../../domain/schemas/completion.ts';
import { Comparison, type EvaluationScores, ScoreSummary } from '../../../domain/schemas/evaluation.ts';
import { scoreCompletions, summarize } from '../../../domain/scores.ts';

const RESAMPLING = { resamples: 500, seed: 42 };
const all = (score: number) => Object.fromEntries(DIMENSIONS.map((name) => [name, score])) as RubricScores;

interface Row {
  readonly prompt?: string;
  readonly text?: string;
  readonly completion?: number;
  readonly length?: number;
  readonly words?: number;
  readonly lengthScore?: number;
  readonly finishReason?: string;
  readonly type?: string;
  /** One for each judgement; undefined is unscored. */
  readonly scores?: readonly (number | undefined)[];
  /** Scores of the windows of so many words. */
  readonly positions?: readonly (readonly [from: number, words: number, score: number | undefined])[];
}

function row(given: Row): EvaluatedCompletion {
  const { prompt = 'p', completion = 0, length = 100, words = length, scores = [4] } = given;
  const identity = { prompt, completion, spending: NO_SPENDING };
  const judged = (score: number | undefined) =>
    score === undefined
      ? { unscored: 'no JSON object' }
      : { scores: all(score), qualityScore: qualityScore(all(score)) };
  return {
    prompt: { id: prompt, prompt: given.text ?? 'Write about rivers.', length, type: given.type ?? 'News Report' },
    completion: {
      ...identity,
      text: 'text',
      words,
      finishReason: given.finishReason ?? 'stop',
      lengthScore: given.lengthScore ?? 100,
      measures: { distinct: 1, compressionRatio: 1 },
      refusal: false,
    },
    judgements: scores.map((score, judgement): Judgement => ({
      ...identity,
      judgement,
      calls: ['j'],
      parts: [],
      ...judged(score),
    })),
    ...(given.positions && {
      positions: {
        ...identity,
        judgement: 'positions',
        calls: [],
        parts: given.positions.map(([from, partWords, score]) => ({
          from,
          words: partWords,
          ...(score === undefined ? { unscored: 'prose' } : { scores: all(score) }),
        })),
      },
    }),
  };
}

const numbers = (...rows: readonly Row[]) => rows.map((one) => numbersOf(row(one)));
const summaryOf = (...rows: readonly Row[]) => summarize(numbers(...rows), RESAMPLING);
const scoresOf = (...rows: readonly Row[]) => scoreCompletions(numbers(...rows), RESAMPLING);

describe('summarize', () => {
  it('gives every mean with its n and interval', () => {
    const summary = summaryOf(
      { prompt: 'a', length: 100, lengthScore: 100, scores: [5] },
      { prompt: 'b', length: 300, lengthScore: 50, scores: [3], finishReason: 'length' },
    );
    expect(summary).toMatchObject({
      prompts: 2,
      completions: 2,
      lengthScore: { mean: 75, n: 2, low: 50, high: 100 },
      qualityScore: { mean: 75, n: 2, low: 50, high: 100 },
      overall: { mean: 75, n: 2, low: 50, high: 100 },
      words: { mean: 200, n: 2, low: 100, high: 300 },
      finishReasons: { stop: 1, length: 1 },
      unscored: 0,
      dimensions: { clarity: { mean: 75, n: 2, low: 50, high: 100 } },
      distinct: { mean: 1, n: 2, low: 1, high: 1 },
    });
  });

  it('lets an unscored completion lower n, and never fills its score in', () => {
    const summary = summaryOf(
      { prompt: 'a', lengthScore: 100, scores: [5] },
      { prompt: 'b', lengthScore: 0, scores: [undefined] },
      { prompt: 'c', lengthScore: 50, scores: [] },
    );
    expect(summary).toMatchObject({
      lengthScore: { mean: 50, n: 3 },
      qualityScore: { mean: 100, n: 1, low: 100, high: 100 },
      overall: { mean: 75, n: 1 },
      unscored: 2,
      unscoredReasons: { 'no JSON object': 1, 'not judged': 1 },
      dimensions: { relevance: { mean: 100, n: 1 } },
    });
  });

  it('takes the mean of a completion’s judgements, those without scores left out', () => {
    const summary = summaryOf({ scores: [5, undefined, 3] }, { completion: 1, scores: [undefined, 1] });
    expect(summary).toMatchObject({
      qualityScore: { mean: 37.5, n: 2 },
      dimensions: { accuracy: { mean: 37.5, n: 2 } },
      unscored: 0,
    });
  });

  it('has no overall score where nothing is scored', () => {
    const none = { mean: null, n: 0, low: null, high: null };
    expect(summaryOf({ scores: [undefined] })).toMatchObject({ qualityScore: none, overall: none, unscored: 1 });
    expect(summaryOf()).toMatchObject({ completions: 0, lengthScore: none, overall: none });
  });

  it('counts what is empty, refused or was judged in windows', () => {
    const [plain, empty, refused, inWindows] = numbers({}, { words: 0 }, {}, {});
    const rows = [
      plain!,
      empty!,
      { ...refused!, point: { ...refused!.point, refusal: true } },
      { ...inWindows!, inWindows: true },
    ];
    expect(summarize(rows, RESAMPLING)).toMatchObject({ empty: 1, refusals: 1, inWindows: 1 });
  });

  it('keeps its schema, and gives the same bytes whatever order the completions come in', () => {
    const rows = numbers({ prompt: 'b', scores: [2] }, { prompt: 'a', lengthScore: 10 }, { prompt: 'c', scores: [] });
    const summary = summarize(rows, RESAMPLING);
    expect(ScoreSummary.parse(JSON.parse(JSON.stringify(summary)))).toEqual(summary);
    expect(JSON.stringify(summarize(rows.toReversed(), RESAMPLING))).toBe(JSON.stringify(summary));
  });
});

describe('scoreCompletions', () => {
  it.each([
    [1, '[0, 500)'],
    [499, '[0, 500)'],
    [500, '[500, 2k)'],
    [1999, '[500, 2k)'],
    [2000, '[2k, 4k)'],
    [4000, '[4k, 20k]'],
    [20_000, '[4k, 20k]'],
  ])('puts %i required words into %s', (length, bucket) => {
    expect(Object.keys(scoresOf({ length }).buckets)).toEqual([bucket]);
  });

  it('adds up to all completions, in the order of the paper’s table', () => {
    const { buckets } = scoresOf(...[5000, 100, 2500, 30_000, 20_000, 700].map((length) => ({ length })));
    expect(Object.keys(buckets)).toEqual(BUCKETS.map(({ name }) => name));
    expect(Object.values(buckets).reduce((sum, { completions }) => sum + completions, 0)).toBe(6);
  });

  it('tells languages by the text that is asked for, and types by their names', () => {
    const { languages, types } = scoresOf(
      { prompt: 'a', text: '请写一篇关于长江历史的文章，不少于四千字。', type: 'B', scores: [1] },
      { prompt: 'b', text: '帮我用英文写一篇关于郭沫若生平的文章，不少于4000字。', type: 'A', scores: [5] },
      { prompt: 'c', text: 'Write a story about the river.', type: 'B', scores: [3] },
    );
    expect(Object.keys(languages)).toEqual(['en', 'zh']);
    expect(languages).toMatchObject({ en: { completions: 2, qualityScore: { mean: 75 } }, zh: { completions: 1 } });
    expect(Object.keys(types)).toEqual(['A', 'B']);
    expect(types).toMatchObject({ A: { qualityScore: { mean: 100 } }, B: { qualityScore: { mean: 25, n: 2 } } });
  });

  it('holds required against written words, the longest too', () => {
    const { lengths } = scoresOf(
      { prompt: 'b', length: 10_000, words: 4000 },
      { prompt: 'a', length: 2000, words: 1900 },
      { prompt: 'c', length: 10_000, words: 6000 },
    );
    expect(lengths).toEqual([
      { required: 2000, completions: 1, words: { mean: 1900, n: 1, low: 1900, high: 1900 }, longest: 1900 },
      { required: 10_000, completions: 2, words: { mean: 5000, n: 2, low: 4000, high: 6000 }, longest: 6000 },
    ]);
  });

  it('gives quality by place in the text, a window without scores left out', () => {
    const { positions } = scoresOf(
      {
        prompt: 'a',
        positions: [
          [0, 1000, 5],
          [1000, 1000, 3],
          [2000, 40, undefined],
        ],
      },
      {
        prompt: 'b',
        positions: [
          [0, 1000, 3],
          [1000, 500, 1],
        ],
      },
      { prompt: 'c' },
    );
    expect(positions).toMatchObject([
      { from: 0, words: 1000, qualityScore: { mean: 75, n: 2, low: 50, high: 100 } },
      { from: 1000, words: 1000, qualityScore: { mean: 25, n: 2 } },
    ]);
  });

  it('measures the spread within prompts and within completions, null where there is one each', () => {
    expect(scoresOf({ prompt: 'a' }, { prompt: 'b', lengthScore: 3 }).spread).toEqual({
      lengthScore: null,
      qualityScore: null,
      words: null,
      judgement: null,
    });
    const { spread } = scoresOf(
      { prompt: 'a', lengthScore: 10, scores: [1, 3] },
      { prompt: 'a', completion: 1, lengthScore: 20, scores: [2, 2] },
      { prompt: 'b', lengthScore: 90, words: 70, scores: [5] },
      { prompt: 'b', completion: 1, lengthScore: 90, words: 90, scores: [undefined] },
    );
    // Squares about the means of a (10, 20) and of b (90, 90): 25 + 25, over one degree of freedom each.
    expect(spread.lengthScore).toBeCloseTo(Math.sqrt(50 / 2), 12);
    expect(spread.words).toBeCloseTo(Math.sqrt(200 / 2), 12);
    expect(spread.qualityScore).toBe(0);
    expect(spread.judgement).toBeCloseTo(Math.sqrt((2 * 25 ** 2) / 2), 12);
  });
});

describe('compareModels', () => {
  const evaluation = (model: string, ...rows: readonly Row[]): EvaluationScores => ({
    ...{ model, identity: 'weights', benchmark: 'inputs/b' },
    judge: { model: 'o/j', temperature: 0.5, promptHash: 'h', judgements: 1, windowWords: 1000 },
    statistics: { confidence: 0.95, ...RESAMPLING },
    ...scoresOf(...rows),
  });
  const prompts = Array.from({ length: 30 }, (_, index) => index);

  it('pairs by prompt: a small difference shows though the prompts differ much', () => {
    const at = (more: number) =>
      prompts.map((index) => ({ prompt: `p${index}`, lengthScore: 3 * index + more + (index % 3), words: 10 * index }));
    const [sft, base] = [evaluation('sft', ...at(2)), evaluation('base', ...at(0))];
    const comparison = compareModels(sft, base);
    expect(Comparison.parse(comparison)).toMatchObject({
      model: 'sft',
      than: 'base',
      prompts: 30,
      lengthScore: { mean: 2, n: 30 },
      qualityScore: { mean: 0, low: 0, high: 0 },
      words: { mean: 0, low: 0, high: 0 },
      overall: { mean: 1, n: 30 },
    });
    expect(comparison.lengthScore.low).toBeCloseTo(2, 9);
    // Taken for unpaired, the intervals of the two means overlap.
    expect(sft.overall.lengthScore.low!).toBeLessThan(base.overall.lengthScore.high!);
  });

  it('takes only the prompts that both answered, each once however many completions it has', () => {
    const one = evaluation(
      'a',
      { prompt: 'x', lengthScore: 100, scores: [5] },
      { prompt: 'x', completion: 1, lengthScore: 50, scores: [undefined] },
      { prompt: 'y', lengthScore: 20, scores: [undefined] },
      { prompt: 'only a', lengthScore: 0 },
    );
    const other = evaluation('b', { prompt: 'y', lengthScore: 10, scores: [1] }, { prompt: 'x', lengthScore: 70 });
    expect(compareModels(one, other)).toMatchObject({
      prompts: 2,
      lengthScore: { mean: 7.5, n: 2, low: 5, high: 10 },
      qualityScore: { mean: 25, n: 1 },
      overall: { mean: 16.25, n: 1 },
    });
  });

  it('says nothing where no prompt is common', () => {
    const comparison = compareModels(evaluation('a', { prompt: 'x' }), evaluation('b', { prompt: 'y' }));
    expect(comparison).toMatchObject({ prompts: 0, overall: { mean: null, n: 0, low: null, high: null } });
  });
});
