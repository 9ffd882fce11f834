import { countBy } from './count-by.ts';
import { DIMENSIONS, type Completion, type CompletionPrompt, type Judgement } from './schemas/completion.ts';
import type { Estimate, ScoreSummary } from './schemas/evaluation.ts';
import { estimateMean } from './statistics.ts';

/** The length buckets of the paper's table, by required words; the last one is closed at its end. */
export const BUCKETS = [
  { name: '[0, 500)', from: 0, to: 500 },
  { name: '[500, 2k)', from: 500, to: 2000 },
  { name: '[2k, 4k)', from: 2000, to: 4000 },
  { name: '[4k, 20k]', from: 4000, to: Infinity },
] as const;

/** One completion with what it answers and how it was judged. */
export interface EvaluatedCompletion {
  readonly prompt: CompletionPrompt;
  readonly completion: Completion;
  /** The judgements of the whole text that were made, in their order. */
  readonly judgements: readonly Judgement[];
  /** The judgement by windows, where one was made. */
  readonly positions?: Judgement | undefined;
}

/** S_q of a completion, 0 to 100: the mean over its judgements with a score; undefined where none has one. */
export function qualityOf({ judgements }: Pick<EvaluatedCompletion, 'judgements'>): number | undefined {
  return estimateMean(judgements.flatMap(({ qualityScore }) => qualityScore ?? [])).mean ?? undefined;
}

/** Means over completions, each with its n; an unscored completion lowers the n of S_q and is counted. */
export function summarize(rows: readonly EvaluatedCompletion[]): ScoreSummary {
  const lengthScore = estimateMean(rows.map((row) => row.completion.lengthScore));
  const qualityScore = estimateMean(rows.flatMap((row) => qualityOf(row) ?? []));
  const unscored = rows.filter((row) => qualityOf(row) === undefined);
  return {
    prompts: new Set(rows.map(({ prompt }) => prompt.id)).size,
    completions: rows.length,
    lengthScore,
    qualityScore,
    overall: meanOfBoth(lengthScore, qualityScore),
    words: estimateMean(rows.map((row) => row.completion.words)),
    dimensions: Object.fromEntries(
      DIMENSIONS.map((dimension) => [
        dimension,
        estimateMean(
          rows.flatMap(
            ({ judgements }) =>
              estimateMean(judgements.flatMap(({ scores }) => (scores ? (scores[dimension] - 1) * 25 : []))).mean ?? [],
          ),
        ),
      ]),
    ),
    finishReasons: countBy(rows.map((row) => row.completion.finishReason)),
    empty: rows.filter((row) => row.completion.words === 0).length,
    refusals: rows.filter((row) => row.completion.refusal).length,
    unscored: unscored.length,
    unscoredReasons: countBy(unscored.map(({ judgements }) => judgements[0]?.unscored ?? 'not judged')),
    inWindows: rows.filter(({ judgements }) => judgements.some(({ parts }) => parts.length > 1)).length,
    distinct: estimateMean(rows.map((row) => row.completion.measures.distinct)),
    compressionRatio: estimateMean(rows.map((row) => row.completion.measures.compressionRatio)),
  };
}

function meanOfBoth(lengthScore: Estimate, qualityScore: Estimate): Estimate {
  const { mean: length } = lengthScore;
  const { mean: quality } = qualityScore;
  const mean = length === null || quality === null ? null : (length + quality) / 2;
  return { mean, n: Math.min(lengthScore.n, qualityScore.n), low: null, high: null };
}

/** The same means for each bucket that has completions. */
export function summarizeBuckets(rows: readonly EvaluatedCompletion[]): Record<string, ScoreSummary> {
  return Object.fromEntries(
    BUCKETS.flatMap(({ name, from, to }) => {
      const inside = rows.filter(({ prompt }) => prompt.length >= from && prompt.length < to);
      return inside.length > 0 ? [[name, summarize(inside)]] : [];
    }),
  );
}
