import { z } from 'zod';

/** What the probe is told: probe.json, in the trainer's own snake_case. */
export const ProbeJob = z.strictObject({
  version: z.literal(1),
  run_id: z.string(),
  job_id: z.string(),
  models: z.array(z.strictObject({ identity: z.string(), path: z.string(), output: z.string() })).min(1),
  prompts: z.array(z.strictObject({ id: z.string(), text: z.string() })).min(1),
  chat_template: z.string().nullable(),
  trust_remote_code: z.boolean(),
  output_dir: z.string(),
  seed: z.number().int(),
  max_tokens: z.number().int(),
  temperature: z.number(),
  top_p: z.number().nullable(),
  repetition_penalty: z.number(),
  batch_size: z.number().int(),
  device: z.enum(['auto', 'cpu']),
});
export type ProbeJob = z.infer<typeof ProbeJob>;

/** One answer of a probed model. */
export const ProbeAnswer = z.strictObject({
  /** The id of the prompt. */
  prompt: z.string(),
  text: z.string(),
  /** Tokens written, the end token not counted. */
  tokens: z.number().int().min(0),
  /** Whether it ended by itself, not at the token limit. */
  stopped: z.boolean(),
  /** Whether every number that its tokens were drawn from was finite. */
  finite: z.boolean(),
});
export type ProbeAnswer = z.infer<typeof ProbeAnswer>;

/** What the probe wrote of one model; in the store it is immutable, and shared by all runs that probe it alike. */
export const Probe = z.strictObject({
  version: z.literal(1),
  model_identity: z.string(),
  device: z.string(),
  dtype: z.string(),
  answers: z.array(ProbeAnswer),
});
export type Probe = z.infer<typeof Probe>;

/** In what way an answer is no answer. */
export const DEGENERATIONS = ['not-finite', 'empty', 'run', 'loop'] as const;
export type Degeneration = (typeof DEGENERATIONS)[number];

/** How a model answered the short prompts. */
export const ProbeScores = z.strictObject({
  answers: z.number().int().positive(),
  /** Mean S_l, 0 to 100. */
  lengthScore: z.number(),
  /** Mean share of an answer's 8-grams that stood in it before, 0 to 1. */
  repeated: z.number(),
  /** Mean words. */
  words: z.number(),
  /** Answers that ended by themselves. */
  stopped: z.number().int().min(0),
  /** Degenerate answers, by the way in which they are. */
  degenerate: z.partialRecord(z.enum(DEGENERATIONS), z.number().int().positive()),
});
export type ProbeScores = z.infer<typeof ProbeScores>;

/** The verdict of the gate behind a training, and what it rests on. */
export const ModelGate = z.strictObject({
  passed: z.boolean(),
  /** Each limit that was passed: points of S_l lost, share repeated, or share of the answers that are degenerate. */
  reasons: z.array(
    z.strictObject({ kind: z.enum(['degenerate', 'length-score', 'repeated']), value: z.number(), limit: z.number() }),
  ),
  trained: ProbeScores,
  /** The model that the training began with. */
  base: ProbeScores,
});
export type ModelGate = z.infer<typeof ModelGate>;
