import { groupBy } from './group-by.ts';
import { requestedLanguage } from './language.ts';
import { qualityScore } from './rubric.ts';
import {
  DIMENSIONS,
  type Completion,
  type CompletionPrompt,
  type Dimension,
  type Judgement,
} from './schemas/completion.ts';
import { fingerprint } from './fingerprint.ts';
import {
  IMPORTED_JUDGE,
  type Comparison,
  type Estimate,
  type EvaluationScores,
  type ScoredPoint,
  type ScoreSummary,
} from './schemas/evaluation.ts';
import { averageOf, resample, toEstimate } from './statistics.ts';

/** The length buckets of the paper's table, by required words; the last one is closed at its end. */
export const BUCKETS = [
  { name: '[0, 500)', from: 0, to: 500 },
  { name: '[500, 2k)', from: 500, to: 2000 },
  { name: '[2k, 4k)', from: 2000, to: 4000 },
  { name: '[4k, 20k]', from: 4000, to: 20_001 },
  // LongWrite-Ruler asks for 30,000 words.
  { name: 'above 20k', from: 20_001, to: Infinity },
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

/** What scores are computed from: the numbers of one completion, without its text, so that thousands are held at once. */
export interface CompletionNumbers {
  readonly point: ScoredPoint;
  /** Mean over its judgements with scores of (score − 1) × 25; undefined where none has any. */
  readonly dimensions: Readonly<Record<Dimension, number>> | undefined;
  /** S_q of each of its judgements with scores. */
  readonly judgements: readonly number[];
  /** Why its first judgement has no scores; undefined where one of them has. */
  readonly unscored: string | undefined;
  readonly unscoredJudgements: number;
  readonly unscoredWindows: number;
  /** Whether it was judged in several windows. */
  readonly inWindows: boolean;
  /** S_q of each window that was judged by itself, `from` so many words on. */
  readonly positions: readonly { readonly from: number; readonly words: number; readonly qualityScore: number }[];
}

/** S_q of a completion, 0 to 100: the mean over its judgements with a score; undefined where none has one. */
export function qualityOf({ judgements }: Pick<EvaluatedCompletion, 'judgements'>): number | undefined {
  return meanOf(judgements.flatMap(({ qualityScore: score }) => score ?? []));
}

/**
 * The numbers of a completion.
 * @param isJudged whether a judge was asked: without, a completion lacks no score
 */
export function numbersOf(row: EvaluatedCompletion, isJudged = true): CompletionNumbers {
  const { prompt, completion, judgements, positions } = row;
  const scores = judgements.flatMap((one) => one.scores ?? []);
  const ofDimension = (name: Dimension): number => meanOf(scores.map((one) => (one[name] - 1) * 25))!;
  const quality = qualityOf(row);
  return {
    point: {
      prompt: prompt.id,
      completion: completion.completion,
      type: prompt.type,
      language: requestedLanguage(prompt.prompt),
      required: prompt.length,
      written: completion.words,
      finishReason: completion.finishReason,
      refusal: completion.refusal,
      lengthScore: completion.lengthScore,
      qualityScore: quality ?? null,
      ...completion.measures,
    },
    dimensions:
      scores.length === 0
        ? undefined
        : (Object.fromEntries(DIMENSIONS.map((name) => [name, ofDimension(name)])) as Record<Dimension, number>),
    judgements: judgements.flatMap(({ qualityScore: score }) => score ?? []),
    unscored: quality === undefined && isJudged ? (judgements[0]?.unscored ?? 'not judged') : undefined,
    unscoredJudgements: judgements.filter((one) => one.scores === undefined).length,
    unscoredWindows: (positions?.parts ?? []).filter((part) => part.scores === undefined).length,
    inWindows: judgements.some(({ parts }) => parts.length > 1),
    positions: (positions?.parts ?? []).flatMap(({ from, words, scores: judged }) =>
      judged ? [{ from, words, qualityScore: qualityScore(judged) }] : [],
    ),
  };
}

/**
 * One model held against another on the prompts that both answered: means over prompts of the difference of that prompt's
 * means, the first less the second; each n counts prompts. S_q is compared only where both have one, of the same judge.
 * Intervals are drawn as those of the first are.
 *
 * @param among comparisons of scores whose intervals are to hold all at once
 */
export function compareModels(one: EvaluationScores, other: EvaluationScores, among = 1): Comparison {
  const differences = (value: PointValue) => promptDifferences(one.points, other.points, value);
  const lengths = differences((point) => point.lengthScore);
  const [length, quality, words] = resample(
    [
      lengths,
      differences((point) => (isSameJudge(one, other) ? point.qualityScore : null)),
      differences((point) => point.written),
    ],
    one.statistics,
  );
  return {
    model: one.model,
    than: other.model,
    prompts: lengths.length,
    lengthScore: toEstimate(length!, among),
    qualityScore: toEstimate(quality!, among),
    overall: toEstimate(averageOf(length!, quality!), among),
    words: toEstimate(words!),
  };
}

/** A number of a completion, where it has one. */
export type PointValue = (point: ScoredPoint) => number | null | undefined;

/** Of each prompt that both models answered, the mean of the first less that of the second; none where either has no value. */
export function promptDifferences(
  one: readonly ScoredPoint[],
  other: readonly ScoredPoint[],
  value: PointValue,
): number[][] {
  const [mine, others] = [promptMeans(one, value), promptMeans(other, value)];
  return [...mine].flatMap(([prompt, a]) => {
    if (!others.has(prompt)) return [];
    const b = others.get(prompt);
    return [a === undefined || b === undefined ? [] : [a - b]];
  });
}

/** Of each prompt, by its id in order, the mean over its completions; undefined where none has a value. */
export function promptMeans(points: readonly ScoredPoint[], value: PointValue): Map<string, number | undefined> {
  const prompts = groupBy(points, ({ prompt }) => prompt);
  return new Map([...prompts].map(([prompt, some]) => [prompt, meanOf(some.flatMap((point) => value(point) ?? []))]));
}

/** Whether nobody was asked to judge: lengths alone were measured. */
export const isUnjudged = ({ judge }: Pick<EvaluationScores, 'judge'>): boolean => judge.judgements === 0;

/** Whether a judge was asked for any of some evaluations. */
export const isAnyJudged = (evaluations: readonly Pick<EvaluationScores, 'judge'>[]): boolean =>
  !evaluations.every(isUnjudged);

/** The scores that are told: without a judge there is one. */
export const scoreNames = (isJudged: boolean): readonly string[] => (isJudged ? ['S̄', 'S_l', 'S_q'] : ['S_l']);

/** Their means, in the same order. */
export const scoresOf = (
  one: Pick<ScoreSummary, 'overall' | 'lengthScore' | 'qualityScore'>,
  isJudged: boolean,
): readonly Estimate[] => (isJudged ? [one.overall, one.lengthScore, one.qualityScore] : [one.lengthScore]);

/** Whether scores of two evaluations can be held against one another; of imported ones nobody knows. */
export function isSameJudge({ judge }: EvaluationScores, other: EvaluationScores): boolean {
  return judge.model !== IMPORTED_JUDGE && fingerprint(judge) === fingerprint(other.judge);
}

function meanOf(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
}
