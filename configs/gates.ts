import { z } from 'zod';

const positive = z.number().positive();
const count = z.number().int().positive();
const fraction = z.number().min(0).max(1);

/** When a run may go on: behind generation, and behind each training. */
export const gates = z.strictObject({
  maxRejectedFraction: fraction.default(1).describe('rejected samples above which the run pauses before assembly'),
  maxFailedFraction: fraction.default(0).describe('failed samples above which the run pauses before assembly'),
  model: z
    .strictObject({
      prompts: z
        .string()
        .min(1)
        .optional()
        .describe(
          "JSON Lines in LongBench-Write's format: prompt, type, length; ours, configs/data/short-prompts.jsonl, where unset",
        ),
      limit: count.optional().describe('prompts taken, from the start of the file'),
      sampling: z
        .strictObject({
          temperature: z.number().min(0).max(2).default(0.5).describe('0 to 2'),
          topP: z.number().gt(0).max(1).optional().describe('nucleus, above 0 to 1; off where unset'),
          maxTokens: count.default(1024).describe('tokens an answer may have at most'),
          repetitionPenalty: positive.default(1).describe("Transformers' repetition_penalty; 1 is off"),
        })
        .prefault({}),
      batchSize: count.default(16).describe('prompts that are answered at once'),
      device: z.enum(['auto', 'cpu']).default('auto'),
      command: z
        .array(z.string().min(1))
        .min(1)
        .default(['{python}', '-m', 'longwriter_trainer.probe', '{job}'])
        .describe('{python} {project} {job} are filled in; it is launched as a training is'),
      maxLengthScoreDrop: z
        .number()
        .min(0)
        .max(100)
        .default(10)
        .describe('points of mean S_l that a training may cost'),
      maxRepeated: fraction.default(0.2).describe('mean share of 8-grams that stood in the answer before'),
      maxDegenerateFraction: fraction
        .default(0.1)
        .describe(
          'answers that are empty, stuck, looping to the token limit, or drawn from numbers that are not finite',
        ),
      promote: z
        .enum(['passed', 'always'])
        .default('passed')
        .describe('whether the run goes on with a model that fails; it is kept and marked either way'),
    })
    .prefault({})
    .describe('what a trained model must still do with short prompts, held against the model it was trained from'),
});
