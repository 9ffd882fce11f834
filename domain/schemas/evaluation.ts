import { z } from 'zod';

const count = z.number().int().min(0);

/** A mean with its n and the ends of its 95 % bootstrap interval; null where there is nothing to take it over. */
export const Estimate = z.strictObject({
  mean: z.number().nullable(),
  n: count,
  low: z.number().nullable(),
  high: z.number().nullable(),
});
export type Estimate = z.infer<typeof Estimate>;

/** Scores of one model over a set of completions; every mean with its n and interval. */
export const ScoreSummary = z.strictObject({
  prompts: count,
  completions: count,
  lengthScore: Estimate,
  /** Over completions with a score: each is the mean of its judgements. */
  qualityScore: Estimate,
  /** S̄, the mean of the two means above; n is that of the fewer. Null where either has n = 0. */
  overall: Estimate,
  words: Estimate,
  /** Means of (score − 1) × 25, by dimension. */
  dimensions: z.record(z.string(), Estimate),
  /** Completions by why they ended: `stop`, `length` (cut at the token limit), others as the provider says. */
  finishReasons: z.record(z.string(), count),
  empty: count,
  refusals: count,
  /** Completions that no judgement gave a score, with the reasons of their first judgements. */
  unscored: count,
  unscoredReasons: z.record(z.string(), count),
  /** Judgements without a score, also of completions that another one gave a score. */
  unscoredJudgements: count,
  /** Windows along the text without a score. */
  unscoredWindows: count,
  /** Completions that were too long for the judge's window and were judged in several. */
  inWindows: count,
  distinct: Estimate,
  compressionRatio: Estimate,
});
export type ScoreSummary = z.infer<typeof ScoreSummary>;

/** Quality of the windows that begin at the same place of their texts. */
export const PositionScore = z.strictObject({ from: count, words: count, qualityScore: Estimate });
export type PositionScore = z.infer<typeof PositionScore>;

/** What was written where so many words were required. */
export const RequiredLength = z.strictObject({ required: count, completions: count, words: Estimate, longest: count });
export type RequiredLength = z.infer<typeof RequiredLength>;

/** One completion's numbers. */
export const ScoredPoint = z.strictObject({
  prompt: z.string(),
  completion: count,
  type: z.string(),
  /** Of the text that was asked for: en, zh, or other. */
  language: z.string(),
  required: z.number(),
  written: z.number(),
  finishReason: z.string(),
  refusal: z.boolean(),
  lengthScore: z.number(),
  qualityScore: z.number().nullable(),
  distinct: z.number(),
  compressionRatio: z.number(),
});
export type ScoredPoint = z.infer<typeof ScoredPoint>;

/** The judge of scores that were imported with their answers: who it was is not known. */
export const IMPORTED_JUDGE = 'imported';

/** Who judged, and how: scores are comparable only where all of it is the same. */
export const JudgeSettings = z.strictObject({
  /** Provider and model, or IMPORTED_JUDGE. */
  model: z.string(),
  /** Null where nobody told. */
  temperature: z.number().nullable(),
  promptHash: z.string(),
  /** Where the prompt is the user's own. */
  ownPrompt: z.literal(true).optional(),
  /** Hash of its sampling and mode. */
  settingsHash: z.string().optional(),
  /** Judgements of each completion. */
  judgements: count,
  /** Words that the judge reads at once. */
  windowWords: count,
});
export type JudgeSettings = z.infer<typeof JudgeSettings>;

/** scores.json of one evaluation of one model. */
export const EvaluationScores = z.strictObject({
  model: z.string(),
  identity: z.string(),
  judge: JudgeSettings,
  /** Store path of the benchmark, which is the hash of its bytes; of imported predictions, that of their file. */
  benchmark: z.string(),
  sampling: z.strictObject({ temperature: z.number(), topP: z.number().optional(), maxTokens: count }).optional(),
  /** The scheduled time that it is fresh from; absent where stored answers count. */
  fresh: z.string().optional(),
  statistics: z.strictObject({ confidence: z.number(), resamples: count, seed: count }),
  overall: ScoreSummary,
  buckets: z.record(z.string(), ScoreSummary),
  languages: z.record(z.string(), ScoreSummary),
  types: z.record(z.string(), ScoreSummary),
  lengths: z.array(RequiredLength),
  positions: z.array(PositionScore),
  /** Standard deviations within a prompt's completions, and within a completion's judgements; null where there is one each. */
  spread: z.strictObject({
    lengthScore: z.number().nullable(),
    qualityScore: z.number().nullable(),
    words: z.number().nullable(),
    judgement: z.number().nullable(),
  }),
  points: z.array(ScoredPoint),
});
export type EvaluationScores = z.infer<typeof EvaluationScores>;

/** One model against another on the prompts that both answered: mean of the differences, with their intervals. */
export const Comparison = z.strictObject({
  model: z.string(),
  than: z.string(),
  prompts: count,
  lengthScore: Estimate,
  qualityScore: Estimate,
  overall: Estimate,
  words: Estimate,
});
export type Comparison = z.infer<typeof Comparison>;

/** A judge held against its own judgements of before, on completions that never change: drift of the judge. */
export const Calibration = z.strictObject({
  judge: JudgeSettings,
  completions: count,
  unscored: count,
  /** S_q now less S_q when it was frozen, of the same completions. */
  drift: Estimate,
});
export type Calibration = z.infer<typeof Calibration>;

/** scores.json of a run: all of its evaluations, held against one another. */
export const RunScores = z.strictObject({
  run: z.string(),
  evaluations: z.array(EvaluationScores),
  comparisons: z.array(Comparison),
  calibration: Calibration.optional(),
});
export type RunScores = z.infer<typeof RunScores>;

/** One model of a firing, as the history keeps it. */
export const FiredModel = z.strictObject({
  model: z.string(),
  identity: z.string(),
  folder: z.string(),
  lengthScore: Estimate,
  qualityScore: Estimate,
  overall: Estimate,
  words: Estimate,
  unscored: count,
  completions: count,
});
export type FiredModel = z.infer<typeof FiredModel>;

/** What came of one scheduled re-evaluation; one immutable object each. */
export const Firing = z.strictObject({
  schedule: z.string(),
  /** The nominal time at which it was due, ISO 8601. */
  scheduledAt: z.iso.datetime(),
  endedAt: z.iso.datetime(),
  outcome: z.enum(['steady', 'regressed', 'failed']),
  /** In words: which score fell by how much, or why it failed. */
  message: z.string(),
  judge: JudgeSettings.optional(),
  models: z.array(FiredModel),
  calibration: Calibration.optional(),
  report: z.string().optional(),
});
export type Firing = z.infer<typeof Firing>;
