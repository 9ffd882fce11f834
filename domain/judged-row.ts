import type { EvaluatedCompletion } from './evaluation.ts';
import { meanScores } from './rubric.ts';
import { RELEASED_NAMES } from './released-form.ts';
import { DIMENSIONS } from './schemas/completion.ts';

/**
 * A completion with its scores as a row of the released judge.jsonl; undefined where no judgement has any. Scores are means
 * over its judgements, so that S_q of the row is S_q of the completion.
 */
export function judgedRow({ prompt, completion, judgements }: EvaluatedCompletion): object | undefined {
  const scored = judgements.flatMap(({ scores }) => (scores ? [{ scores, weight: 1 }] : []));
  if (scored.length === 0) return undefined;
  const means = meanScores(scored);
  return {
    prompt: prompt.prompt,
    type: prompt.type,
    length: prompt.length,
    response_length: completion.words,
    response: completion.text,
    scores: Object.fromEntries(DIMENSIONS.map((dimension) => [RELEASED_NAMES[dimension], means[dimension]])),
  };
}
