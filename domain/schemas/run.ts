import { z } from 'zod';
import { STAGES } from '../names.ts';

/** Whether a run makes new model calls, and if not, why. */
export const Control = z.strictObject({
  paused: z.boolean(),
  /** A failure type, or `requested`. */
  type: z.string().optional(),
  message: z.string().optional(),
});
export type Control = z.infer<typeof Control>;

/** How often a rejected sample was opened again: with further draws of what was refused, or written anew as a whole. */
export const Retry = z.strictObject({ draws: z.number().int().min(0), anew: z.number().int().min(0) });
export type Retry = z.infer<typeof Retry>;

/** The samples of a run that were opened again, by id. */
export const Retries = z.record(z.string(), Retry);
export type Retries = z.infer<typeof Retries>;

/** Where a served model is up. Within one serving a later start is never overwritten by an earlier one. */
export const Lease = z.strictObject({
  serving: z.string(),
  model: z.string(),
  node: z.string(),
  /** Times that serving it had failed before this start, and the attempt of the start: together they order the starts. */
  failures: z.number().int().min(0),
  attempt: z.number().int().positive(),
  baseUrl: z.string(),
  apiKey: z.string(),
});
export type Lease = z.infer<typeof Lease>;

/** A model: its identity (hash of its weights, hub name, or provider and name), and where it lies or answers. */
export const ModelReference = z.strictObject({
  /** What the run calls it: base, sft, dpo, or a name of the configuration. */
  name: z.string(),
  identity: z.string(),
  location: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('node'), path: z.string() }),
    z.strictObject({ kind: z.literal('store'), folder: z.string() }),
    /** Behind `evaluation.endpoints` of the configuration, by its name there; nothing is served for it. */
    z.strictObject({ kind: z.literal('endpoint') }),
    /** Not asked at all: its answers are rows of a file (pred.jsonl or judge.jsonl of the released scripts). */
    z.strictObject({ kind: z.literal('predictions'), key: z.string() }),
  ]),
});
export type ModelReference = z.infer<typeof ModelReference>;

/** The record of one finished stage: what it made, by reference, and how long it took. */
export const StageRecord = z.strictObject({
  stage: z.enum(STAGES),
  /** Revision of the configuration under which it was last walked. */
  revision: z.number().int().positive(),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime(),
  outcome: z.unknown(),
});
export type StageRecord = z.infer<typeof StageRecord>;
