import { z } from 'zod';
import { Spending } from './call.ts';

/** One line of a run's selected instructions: what to write, and how long. */
export const Instruction = z.strictObject({
  id: z.string().regex(/^[0-9a-f]{16}$/),
  prompt: z.string().min(1),
  /** Words or Chinese characters required; absent where the instruction states none. */
  length: z.number().int().positive().optional(),
  type: z.string().optional(),
  imported: z.literal(true).optional(),
  /** Texts that plan, sections and the training row refer to. */
  documents: z.array(z.string().min(1)).min(1).optional(),
});
export type Instruction = z.infer<typeof Instruction>;

/** One line of an instructions file as a user gives it; further fields are passed over. */
export const InstructionRow = z.object({
  prompt: z.string().trim().min(1),
  length: z.number().int().positive().optional(),
  type: z.string().optional(),
  documents: z.array(z.string().trim().min(1)).min(1).optional(),
});
export type InstructionRow = z.infer<typeof InstructionRow>;

/** An instruction that the steps before the model let through, with where it comes from. */
export const Candidate = z.strictObject({
  instruction: Instruction,
  /** Code of two letters, or of a language without one its name; absent where it cannot be told. */
  language: z.string().optional(),
  source: z.string(),
  line: z.number().int().positive(),
});
export type Candidate = z.infer<typeof Candidate>;

/** The steps of a selection in their order; each leaves instructions out and counts them. */
export const SELECTION_STEPS = [
  'bad-row',
  'language',
  'duplicate',
  'rule',
  'contamination',
  'near-duplicate',
  'model',
  'quota',
  'limit',
] as const;
export type SelectionStep = (typeof SELECTION_STEPS)[number];

/** A row that was left out of a selection, with the step and why. */
export const LeftOut = z.strictObject({
  source: z.string(),
  line: z.number().int().positive(),
  id: z.string().optional(),
  step: z.enum(SELECTION_STEPS),
  detail: z.string(),
});
export type LeftOut = z.infer<typeof LeftOut>;

/** What a model said of one candidate; without `needsLongText` it said nothing that could be read. */
export const SelectionVerdict = z.strictObject({
  id: z.string(),
  calls: z.array(z.string()),
  needsLongText: z.boolean().optional(),
  reason: z.string(),
  spending: Spending,
});
export type SelectionVerdict = z.infer<typeof SelectionVerdict>;

const wordsRequired = { error: 'expected the words required, a whole number above 0' };

/** One line of a benchmark, in LongBench-Write's format; further fields are passed over. */
export const BenchmarkRow = z.object({
  prompt: z.string({ error: 'expected a text' }).trim().min(1, 'is empty'),
  type: z.string({ error: 'expected a text' }).min(1, 'is empty'),
  length: z.int(wordsRequired).positive(wordsRequired),
});
export type BenchmarkRow = z.infer<typeof BenchmarkRow>;
