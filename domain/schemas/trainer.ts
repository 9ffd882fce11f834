import { z } from 'zod';

/** What the trainer is told: job.json, in the trainer's own snake_case. */
export const TrainerJob = z.strictObject({
  version: z.literal(1),
  run_id: z.string(),
  job_id: z.string(),
  method: z.enum(['sft', 'dpo']),
  base_model: z.string(),
  model_identity: z.string(),
  train_files: z.array(z.string()).min(1),
  output_dir: z.string(),
  seed: z.number().int(),
  resume_from: z.string().nullable(),
  chat_template: z.string().nullable(),
  chat_template_sha256: z.string().nullable(),
  trust_remote_code: z.boolean(),
  report_to: z.array(z.string()),
  hyperparameters: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string()), z.null()])),
});
export type TrainerJob = z.infer<typeof TrainerJob>;

const common = { version: z.literal(1), time: z.string(), step: z.number().int().min(0) };

/** What the trainer says: one line of events.jsonl. Further keys are TRL's and are passed through. */
export const TrainerEvent = z.discriminatedUnion('event', [
  /** Written by the job itself, before its program begins. */
  z.looseObject({ ...common, event: z.literal('job-start') }),
  z.looseObject({ ...common, event: z.literal('run-start'), total_steps: z.number().int() }),
  z.looseObject({
    ...common,
    event: z.literal('phase-start'),
    phase: z.enum(['load', 'tokenize', 'preflight', 'weights', 'reference', 'train', 'save', 'generate']),
  }),
  z.looseObject({
    ...common,
    event: z.literal('preflight'),
    /** Tokens. */
    longest_row: z.number().int(),
    /** Bytes, of each device, as estimated; and of the disk of the job's folder. */
    memory_needed: z.number().int(),
    memory_available: z.number().int(),
    disk_needed: z.number().int(),
    disk_free: z.number().int(),
  }),
  z.looseObject({
    ...common,
    event: z.literal('step-end'),
    total_steps: z.number().int(),
    loss: z.number().nullable(),
    tokens_per_second: z.number().nullable(),
    memory_bytes: z.number().int().optional(),
  }),
  z.looseObject({ ...common, event: z.literal('checkpoint-saved'), path: z.string() }),
  z.looseObject({ ...common, event: z.literal('run-end'), model_path: z.string() }),
  z.looseObject({
    ...common,
    event: z.literal('run-error'),
    kind: z.string(),
    message: z.string(),
    /** The process that failed first, where it is not process 0. */
    rank: z.number().int().optional(),
  }),
]);
export type TrainerEvent = z.infer<typeof TrainerEvent>;
