import { z } from 'zod';

/** One line of a run's selected instructions: what to write, and how long. */
export const Instruction = z.strictObject({
  id: z.string().regex(/^[0-9a-f]{16}$/),
  prompt: z.string().min(1),
  /** Words or Chinese characters required; absent where the instruction states none. */
  length: z.number().int().positive().optional(),
  type: z.string().optional(),
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

/** One line of a benchmark, in LongBench-Write's format. */
export const BenchmarkRow = z.object({
  prompt: z.string().trim().min(1),
  type: z.string().min(1),
  length: z.number().int().positive(),
});
export type BenchmarkRow = z.infer<typeof BenchmarkRow>;
