import { compareModels } from '../domain/evaluation.ts';
import { fingerprint } from '../domain/fingerprint.ts';
import type { Comparison, EvaluationScores } from '../domain/schemas/evaluation.ts';

/** Each model against the one before it, and the last against the first; models that other judges scored are not compared. */
export function compareEvaluations(evaluations: readonly EvaluationScores[]): Comparison[] {
  const steps = evaluations.slice(1).map((after, index) => [after, evaluations[index]!] as const);
  const ends = evaluations.length > 2 ? [[evaluations.at(-1)!, evaluations[0]!] as const] : [];
  return [...steps, ...ends]
    .filter(([one, other]) => fingerprint(one.judge) === fingerprint(other.judge))
    .map(([one, other]) => compareModels(one, other));
}
