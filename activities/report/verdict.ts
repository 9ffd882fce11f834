import { isAnyJudged } from '../../domain/evaluation.ts';
import type { Calibration, Comparison, Estimate, EvaluationScores } from '../../domain/schemas/evaluation.ts';
import { counted, decimal, listed, meanOf, signed, whole } from './format.ts';
import { modelLooks } from './model-look.ts';

/** From this many prompts on, the report stops calling their number small. */
const SMALL_SAMPLE = 30;

/** With fewer prompts even differences that all point one way are chance more often than 5 times in 100 (sign test). */
const FEWEST_PROMPTS = 6;

/** Share of answers without a score, or cut at the limit, from which it is said. */
const MANY = 0.1;

/** What a verdict is told from. */
export interface VerdictInput {
  readonly evaluations: readonly EvaluationScores[];
  readonly comparisons: readonly Comparison[];
  readonly calibration?: Calibration | undefined;
  readonly judgeIsStandIn: boolean;
}

/** What the evaluation shows, in plain sentences that claim nothing without its interval. */
export function verdict(input: VerdictInput): readonly [string, ...string[]] {
  const { evaluations, comparisons, calibration, judgeIsStandIn } = input;
  if (evaluations.length === 0)
    return ['No model was evaluated in this run, so it shows nothing about how long a model writes.'];
  const looks = modelLooks(evaluations.map(({ model }) => model));
  const label = (model: string): string => looks.get(model)?.label ?? model;
  return [
    lengths(evaluations, label),
    ...comparisons.map((one) => difference(one, label, isAnyJudged(evaluations))),
    ...(calibration ? [drift(calibration)] : []),
    ...weaknesses(evaluations, label),
    ...(judgeIsStandIn && evaluations.some(({ overall }) => overall.qualityScore.n > 0)
      ? ['S_q comes from a stand-in for a judge, and says nothing of how good a text is.']
      : []),
    ...caution(evaluations),
  ];
}

/** Words that the answered prompts ask for, on average; each prompt counts once. */
export function meanRequired(evaluations: readonly EvaluationScores[]): number | null {
  const points = evaluations.flatMap((one) => one.points);
  return meanOf([...new Map(points.map(({ prompt, required }) => [prompt, required])).values()]);
}

type Label = (model: string) => string;

function lengths(evaluations: readonly EvaluationScores[], label: Label): string {
  const required = meanRequired(evaluations);
  const written = evaluations.map(({ model, overall: { words } }) =>
    words.mean === null
      ? `the ${label(model)} model has no answers (n = 0)`
      : `the ${label(model)} model wrote ${whole(words.mean)} (${interval(words, whole)}n = ${whole(words.n)})`,
  );
  return required === null
    ? `In words on average: ${listed(written)}.`
    : `Asked for ${whole(required)} words on average, ${listed(written)}.`;
}

function interval({ low, high }: Estimate, write: (value: number) => string): string {
  return low === null || high === null ? '' : `95 % ${write(low)} to ${write(high)}, `;
}

function difference(one: Comparison, label: Label, isJudged: boolean): string {
  const [name, than] = [label(one.model), label(one.than)];
  if (one.prompts === 0) return `${name} and ${than} answered no common prompt.`;
  if (one.prompts < FEWEST_PROMPTS)
    return `${name} and ${than} have ${counted(one.prompts, 'prompt')} in common: too few to tell a difference from chance.`;
  const claims = [
    ['S_l', one.lengthScore] as const,
    ...(isJudged
      ? ([
          ['S_q', one.qualityScore],
          ['S̄', one.overall],
        ] as const)
      : []),
  ];
  return `${name} against ${than}: ${claims.map(([score, estimate]) => `${score} ${claim(estimate)}`).join('; ')}.`;
}

function claim({ mean, low, high, n }: Estimate): string {
  if (mean === null || low === null || high === null) return 'cannot be compared';
  if (n < FEWEST_PROMPTS) return `has too few scores (${counted(n, 'prompt')})`;
  if (low > 0 || high < 0) {
    const [from, to] = mean > 0 ? [low, high] : [-high, -low];
    return `is ${mean > 0 ? 'higher' : 'lower'} by ${decimal(Math.abs(mean))} (95 % ${decimal(from)} to ${decimal(to)}, ${counted(n, 'prompt')})`;
  }
  return `shows no difference that can be told from chance (${signed(mean)}, 95 % ${signed(low)} to ${signed(high)}, ${counted(n, 'prompt')})`;
}

function drift({ drift: { mean, low, high }, completions, unscored }: Calibration): string {
  const held = `Held against the frozen scores of ${counted(completions, 'completion')}, the judge`;
  const left = unscored > 0 ? ` It left ${whole(unscored)} of them unscored.` : '';
  if (mean === null || low === null || high === null) return `${held} could not be compared.${left}`;
  const range = `95 % ${signed(low)} to ${signed(high)}`;
  return low > 0 || high < 0
    ? `${held} is off by ${signed(mean)} (${range}): where these are its own, so much of a change of S_q since then is the judge’s.${left}`
    : `${held} shows no drift that can be told from chance (${signed(mean)}, ${range}).${left}`;
}

/** What weakens the scores of a model whose answers have much of it. */
const WEAKNESSES: readonly (readonly [string, (overall: EvaluationScores['overall']) => number])[] = [
  [
    'Cut at the token limit, so that their length is not the model’s own choice',
    (one) => one.finishReasons['length'] ?? 0,
  ],
  ['Without a score by the judge', (one) => one.unscored],
  ['Empty', (one) => one.empty],
  ['Refusals', (one) => one.refusals],
];

function weaknesses(evaluations: readonly EvaluationScores[], label: Label): string[] {
  return WEAKNESSES.flatMap(([name, of]) => {
    const many = evaluations.flatMap(({ model, overall }) => {
      const count = of(overall);
      return count > 0 && count >= MANY * overall.completions
        ? [`${whole(count)} of ${counted(overall.completions, 'answer')} of ${label(model)}`]
        : [];
    });
    return many.length > 0 ? [`${name}: ${listed(many)}.`] : [];
  });
}

function caution(evaluations: readonly EvaluationScores[]): string[] {
  const fewest = evaluations.reduce((least, { overall }) => Math.min(least, overall.prompts), Infinity);
  return fewest < SMALL_SAMPLE
    ? [`With ${counted(fewest, 'prompt')} the intervals are wide, and themselves uncertain.`]
    : [];
}
