import { DIMENSIONS, type Completion, type CompletionPrompt, type Judgement } from './schemas/completion.ts';
import type { ScoreSummary } from './schemas/evaluation.ts';

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
  readonly judgement: Judgement | undefined;
}

/** Means over completions, each with its n; an unscored completion lowers the n of S_q and is counted. */
export function summarize(rows: readonly EvaluatedCompletion[]): ScoreSummary {
  const lengthScore = mean(rows.map((row) => row.completion.lengthScore));
  const qualityScore = mean(rows.flatMap((row) => row.judgement?.qualityScore ?? []));
  return {
    completions: rows.length,
    lengthScore,
    qualityScore,
    overall:
      lengthScore.mean === null || qualityScore.mean === null ? null : (lengthScore.mean + qualityScore.mean) / 2,
    words: mean(rows.map((row) => row.completion.words)),
    stopped: rows.filter((row) => row.completion.finishReason === 'stop').length,
    unscored: rows.filter((row) => row.judgement?.scores === undefined).length,
    dimensions: Object.fromEntries(
      DIMENSIONS.map((dimension) => [
        dimension,
        mean(rows.flatMap((row) => (row.judgement?.scores ? (row.judgement.scores[dimension] - 1) * 25 : []))),
      ]),
    ),
  };
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

function mean(values: readonly number[]): { mean: number | null; n: number } {
  return {
    mean: values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length,
    n: values.length,
  };
}
