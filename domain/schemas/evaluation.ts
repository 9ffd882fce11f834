import { z } from 'zod';

const mean = z.strictObject({ mean: z.number().nullable(), n: z.number().int().min(0) });

/** Scores of one model over a set of completions; every mean with its n. */
export const ScoreSummary = z.strictObject({
  completions: z.number().int().min(0),
  lengthScore: mean,
  qualityScore: mean,
  /** Mean of the two means above; null where either has n = 0. */
  overall: z.number().nullable(),
  words: mean,
  /** Completions that ended by themselves, not at the token limit. */
  stopped: z.number().int().min(0),
  unscored: z.number().int().min(0),
  dimensions: z.record(z.string(), mean),
});
export type ScoreSummary = z.infer<typeof ScoreSummary>;

/** scores.json of one evaluation. */
export const EvaluationScores = z.strictObject({
  model: z.enum(['base', 'sft', 'dpo']),
  identity: z.string(),
  judge: z.strictObject({ model: z.string(), temperature: z.number(), promptHash: z.string() }),
  benchmark: z.string(),
  overall: ScoreSummary,
  buckets: z.record(z.string(), ScoreSummary),
  points: z.array(
    z.strictObject({
      prompt: z.string(),
      type: z.string(),
      required: z.number(),
      written: z.number(),
      finishReason: z.string(),
      lengthScore: z.number(),
      qualityScore: z.number().nullable(),
    }),
  ),
});
export type EvaluationScores = z.infer<typeof EvaluationScores>;
