import { promptDifferences, promptMeans, type PointValue } from './evaluation.ts';
import { groupBy } from './group-by.ts';
import type { Estimate, EvaluationScores, ScoredPoint } from './schemas/evaluation.ts';
import { estimate, type Groups } from './statistics.ts';

/** A model that was fine-tuned on outputs of one dataset, cut to a length. */
export interface Dose {
  /** As the evaluation calls it. */
  readonly model: string;
  /** What the outputs were cut to, about, in words. */
  readonly maxWords: number;
  /** Words of the longest output that it was trained on. */
  readonly longest: number;
  readonly meanWords: number;
  readonly rows: number;
}

/** What the experiment measured: the same held-out prompts, answered by all models. */
export interface Measured {
  readonly base: EvaluationScores;
  /** Fine-tuned models from the shortest outputs to the longest, two at least. */
  readonly doses: readonly (Dose & { readonly scores: EvaluationScores })[];
  /** Made from the last of them by preferences. */
  readonly dpo: EvaluationScores;
}

/** Whether an interval bears a claim out: it lies above the margin, below its reverse, or neither. */
export type Verdict = 'shown' | 'not shown' | 'reversed';

/** A claim with the difference that decides it. */
export interface JudgedClaim {
  readonly claim: ClaimName;
  /** In the measure's own unit, positive where the claim is right; n counts prompts. */
  readonly value: Estimate;
  /** What may be lost where the claim is that nothing is lost; 0 elsewhere. */
  readonly margin: number;
  readonly verdict: Verdict;
}

/** What stands beside the verdicts and decides none. */
export interface CloserLook {
  /** The slope of `follows` over whole answers alone: those that ended by themselves and are no loops. */
  readonly followsWhole: Estimate;
  /** The words of `unlocks` over these. */
  readonly unlocksWhole: Estimate;
  /** Words that each model writes more than the one before it. */
  readonly steps: readonly { readonly model: string; readonly than: string; readonly words: Estimate }[];
}

/** Required words from which on a prompt asks for more than models write that were not trained to: the benchmark's second bucket. */
export const LONG_FROM = 500;

/** Required words up to which a prompt is short. */
export const SHORT_TO = 300;

/** Points of S_l on short prompts that are no loss; as `gates.model.maxLengthScoreDrop` has it by default. */
const SHORT_MARGIN = 10;

/** Share of different 4-grams that is no loss. */
const DISTINCT_MARGIN = 0.05;

/** Share of answers that is no loss. */
const STOP_MARGIN = 0.1;

/** Whether a prompt asks for much, or for little. */
export const isLong = ({ required }: ScoredPoint): boolean => required >= LONG_FROM;
export const isShort = ({ required }: ScoredPoint): boolean => required <= SHORT_TO;
const isAny: (point: ScoredPoint) => boolean = () => true;

/** What the experiment asks, in its order: each is decided by one difference, which was named before the first whole run. */
export const CLAIMS = {
  follows: 'Written length follows the longest training output',
  unlocks: 'Training on the longest outputs makes the model write longer',
  scores: 'It keeps to the required length better where much is required',
  plain: 'It does not repeat itself more',
  stops: 'Its answers still end by themselves',
  short: 'It costs nothing on short prompts',
  preferences: 'DPO keeps to the required length better than SFT',
} as const;
export type ClaimName = keyof typeof CLAIMS;

/** Judges every claim; intervals are drawn as those of the evaluation are. */
export function judgeClaims({ base, doses, dpo }: Measured): JudgedClaim[] {
  const { statistics } = base;
  const longest = doses.at(-1)!.scores;
  const judge = (claim: ClaimName, values: Groups, margin = 0): JudgedClaim => {
    const value = estimate(values, statistics);
    return { claim, value, margin, verdict: verdictOf(value, margin) };
  };
  return [
    judge('follows', slopes(doses)),
    judge('unlocks', differences(longest, base, written)),
    judge('scores', differences(longest, base, lengthScore, isLong)),
    judge('plain', differences(longest, base, distinctOf), DISTINCT_MARGIN),
    judge('stops', differences(longest, base, stopped), STOP_MARGIN),
    judge('short', differences(longest, base, lengthScore, isShort), SHORT_MARGIN),
    judge('preferences', differences(dpo, longest, lengthScore)),
  ];
}

/**
 * Looks at the two claims on length again without answers that ran on or in circles, whose length is not one that the model
 * chose, and at each length of outputs against the one before. A prompt without a whole answer of each model is left out.
 */
export function lookCloser({ base, doses }: Measured): CloserLook {
  const { statistics } = base;
  const kept = doses.map(({ longest, scores }) => ({ longest, scores: wholeAlone(scores) }));
  return {
    followsWhole: estimate(slopes(kept), statistics),
    unlocksWhole: estimate(differences(kept.at(-1)!.scores, wholeAlone(base), written), statistics),
    steps: doses.slice(1).map(({ model, scores }, index) => {
      const before = doses[index]!;
      return { model, than: before.model, words: estimate(differences(scores, before.scores, written), statistics) };
    }),
  };
}

type Answers = Pick<EvaluationScores, 'points'>;

const wholeAlone = ({ points }: Answers): Answers => ({
  points: points.filter((point) => stopped(point) === 1 && !isLoop(point)),
});

const differences = (one: Answers, other: Answers, value: PointValue, taken = isAny): Groups =>
  promptDifferences(one.points.filter(taken), other.points.filter(taken), value);

/** Whether an interval lies above −margin (shown), below it (reversed), or holds it. */
export function verdictOf({ low, high }: Estimate, margin = 0): Verdict {
  if (low === null || high === null) return 'not shown';
  if (low > -margin) return 'shown';
  return high < -margin ? 'reversed' : 'not shown';
}

/** What claims are decided by, of one answer. */
export const written = (point: ScoredPoint): number => point.written;
export const lengthScore = (point: ScoredPoint): number => point.lengthScore;

/** 1 where an answer ended by itself, 0 where it met the token limit or was ended otherwise. */
export const stopped = ({ finishReason }: ScoredPoint): number => (finishReason === 'stop' ? 1 : 0);

/** distinct-4 of an answer; an empty one has none. */
export const distinctOf = (point: ScoredPoint): number | undefined =>
  point.written === 0 ? undefined : point.distinct;

/** Whether an answer goes in circles: fewer than half of its sequences of four words differ. */
export const isLoop = ({ written: words, distinct }: ScoredPoint): boolean => words > 0 && distinct < 0.5;

/** 1 where an answer is longer than the longest output that its model was trained on. */
export const isAbove =
  ({ longest }: Pick<Dose, 'longest'>) =>
  (point: ScoredPoint): number =>
    point.written > longest ? 1 : 0;

/** A mean over a model's answers with its interval, of the prompts that are taken. */
export function meanOver(
  { points, statistics }: Pick<EvaluationScores, 'points' | 'statistics'>,
  value: PointValue,
  taken = isAny,
): Estimate {
  const prompts = groupBy(points.filter(taken), ({ prompt }) => prompt);
  return estimate(
    [...prompts.values()].map((some) => some.flatMap((point) => value(point) ?? [])),
    statistics,
  );
}

/**
 * Words written more for each word that the longest training output is longer: of each prompt the least-squares slope over
 * the models.
 */
function slopes(doses: readonly { readonly longest: number; readonly scores: Answers }[]): number[][] {
  const mean = doses.reduce((sum, { longest }) => sum + longest, 0) / doses.length;
  const squares = doses.reduce((sum, { longest }) => sum + (longest - mean) ** 2, 0);
  const means = doses.map(({ scores }) => promptMeans(scores.points, written));
  const prompts = [...means[0]!.keys()].filter((prompt) => means.every((words) => words.has(prompt)));
  return prompts.map((prompt) => [
    doses.reduce((sum, { longest }, index) => sum + ((longest - mean) / squares) * means[index]!.get(prompt)!, 0),
  ]);
}
