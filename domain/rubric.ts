import { DIMENSIONS, RubricScores } from './schemas/completion.ts';

/** Scores of one judgement, or why an answer holds none. */
export type RubricResult =
  { readonly ok: true; readonly scores: RubricScores } | { readonly ok: false; readonly reason: string };

/** Reads a judge's answer: a JSON object, bare, fenced or after some prose, with six integers from 1 to 5. */
export function parseJudgement(text: string): RubricResult {
  const fenced = /```(?:json)?\s*([\s\S]*?)```/.exec(text)?.[1] ?? text;
  // A judge that quotes scores of the text it reads has given two sets, and nobody knows which is its own.
  if (DIMENSIONS.some((dimension) => text.split(`"${dimension}"`).length > 2))
    return { ok: false, reason: 'more than one set of scores' };
  const start = fenced.indexOf('{');
  const end = fenced.lastIndexOf('}');
  if (start < 0 || end < start) return { ok: false, reason: 'no JSON object' };
  try {
    const parsed = RubricScores.safeParse(JSON.parse(fenced.slice(start, end + 1)));
    if (parsed.success) return { ok: true, scores: parsed.data };
    return {
      ok: false,
      reason: `no score from 1 to 5 for ${parsed.error.issues.map((issue) => issue.path.join('.')).join(', ')}`,
    };
  } catch {
    return { ok: false, reason: 'broken JSON' };
  }
}

/**
 * S_q of one completion, 0 to 100: the mean over six dimensions of (score − 1) × 25.
 *
 * Source: arXiv 2408.07055, section 4; `eval_quality.py` in THUDM/LongWriter.
 */
export function qualityScore(scores: RubricScores): number {
  return DIMENSIONS.reduce((sum, dimension) => sum + (scores[dimension] - 1) * 25, 0) / DIMENSIONS.length;
}

/** The JSON schema that a judge is held to where the endpoint can enforce one. */
export function judgementSchema(): object {
  return {
    type: 'object',
    additionalProperties: false,
    required: [...DIMENSIONS],
    properties: Object.fromEntries(
      DIMENSIONS.map((dimension) => [dimension, { type: 'integer', minimum: 1, maximum: 5 }]),
    ),
  };
}
