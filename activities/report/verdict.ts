import type { EvaluationScores } from '../../domain/schemas/evaluation.ts';
import { counted, listed, meanOf, whole } from './format.ts';
import { modelLabel } from './model-label.ts';

/** From this many prompts on, the report stops calling the number of prompts small. */
const SMALL_SAMPLE = 30;

/** What the evaluation shows, in plain sentences that say no more than its numbers. */
export function verdict(evaluations: readonly EvaluationScores[]): readonly [string, ...string[]] {
  if (evaluations.length === 0)
    return ['No model was evaluated in this run, so it shows nothing about how long a model writes.'];
  return [
    lengths(evaluations),
    ...evaluations.slice(1).map((after, index) => compare(evaluations[index]!, after)),
    endings(evaluations),
    caution(evaluations),
  ];
}

function lengths(evaluations: readonly EvaluationScores[]): string {
  const required = meanOf(evaluations[0]!.points.map((point) => point.required));
  const written = evaluations.map(({ model, overall: { words } }) =>
    words.mean === null
      ? `the ${modelLabel(model)} model has no answers (n = 0)`
      : `the ${modelLabel(model)} model wrote ${whole(words.mean)} (n = ${words.n})`,
  );
  return required === null
    ? `In words on average: ${listed(written)}.`
    : `Asked for ${whole(required)} words on average, ${listed(written)}.`;
}

/** Compares prompt by prompt, since a mean of few answers can hang on one of them. */
function compare(before: EvaluationScores, after: EvaluationScores): string {
  const earlier = new Map(before.points.map((point) => [point.prompt, point]));
  const both = after.points.flatMap((point) => {
    const other = earlier.get(point.prompt);
    return other ? [{ other, point }] : [];
  });
  if (both.length === 0) return `${modelLabel(before.model)} and ${modelLabel(after.model)} answered no common prompt.`;
  const longer = both.filter(({ other, point }) => point.written > other.written).length;
  const closer = both.filter(({ other, point }) => point.lengthScore > other.lengthScore).length;
  const farther = both.filter(({ other, point }) => point.lengthScore < other.lengthScore).length;
  const [name, than] = [modelLabel(after.model), modelLabel(before.model)];
  return (
    `Of the ${counted(both.length, 'prompt')} that both answered, ${name} wrote more than ${than} on ${longer}; ` +
    `its length score was higher on ${closer} and lower on ${farther}.`
  );
}

function endings(evaluations: readonly EvaluationScores[]): string {
  const stopped = evaluations.map(
    ({ model, overall }) =>
      `${overall.finishReasons['stop'] ?? 0} of ${counted(overall.completions, 'answer')} of ${modelLabel(model)}`,
  );
  const allStopped = evaluations.every(({ overall }) => (overall.finishReasons['stop'] ?? 0) === overall.completions);
  const cut = allStopped ? '' : ' The others were cut, so their length is not the model’s own choice.';
  return `Ended by themselves: ${listed(stopped)}.${cut}`;
}

function caution(evaluations: readonly EvaluationScores[]): string {
  const fewest = Math.min(...evaluations.map(({ overall }) => overall.completions));
  return fewest < SMALL_SAMPLE
    ? `With n = ${fewest}, differences between the models can be chance; this report tests none of them.`
    : 'This report gives no confidence intervals, and tests no difference between the models.';
}
