import { z } from 'zod';

/** One rule of a list of prompts that are left out: a regular expression, and what it is about. */
export const PromptRule = z.strictObject({
  name: z.string().regex(/^[a-z0-9-]{1,60}$/, 'expected 1 to 60 of a-z, 0-9 and the hyphen'),
  pattern: z.string().min(1),
  /** JavaScript's flags, of i, m, s and u. */
  flags: z
    .string()
    .regex(/^[imsu]*$/, 'expected flags of i, m, s and u')
    .default(''),
  about: z.string().min(1),
});
export type PromptRule = z.infer<typeof PromptRule>;
