import { compareModels } from '../domain/evaluation.ts';
import type { Comparison, EvaluationScores } from '../domain/schemas/evaluation.ts';

/** Each model against the one before it, and the last against the first; S_q only where one judge gave both. */
export function compareEvaluations(evaluations: readonly EvaluationScores[]): Comparison[] {
  const steps = evaluations.slice(1).map((after, index) => [after, evaluations[index]!] as const);
  const ends = evaluations.length > 2 ? [[evaluations.at(-1)!, evaluations[0]!] as const] : [];
  return [...steps, ...ends].map(([one, other]) => compareModels(one, other));
}
