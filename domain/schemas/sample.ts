import { z } from 'zod';

/** Why a sample is left out of the dataset. */
export const RejectionReason = z.enum([
  'plan-unreadable',
  'plan-sections',
  'plan-numbering',
  'plan-words',
  'plan-language',
  'plan-truncated',
  'section-empty',
  'section-truncated',
  'section-refusal',
  'section-language',
  'section-leak',
  'section-words',
  'section-repetition',
  'section-copy',
  'too-short',
  'length-score',
]);
export type RejectionReason = z.infer<typeof RejectionReason>;

/** Why an answer is asked for again, as the next draw; the other reasons are the filter's. */
export type DrawReason = Extract<RejectionReason, `${'plan' | 'section'}-${string}`>;

/** One line of a plan: what a section is about, and how long it should be. */
export const PlannedSection = z.strictObject({ mainPoint: z.string().min(1), words: z.number().int().positive() });
export type PlannedSection = z.infer<typeof PlannedSection>;

/** A section as written, with the call it comes from. */
export const WrittenSection = z.strictObject({ call: z.string(), words: z.number().int().min(0) });
export type WrittenSection = z.infer<typeof WrittenSection>;

/** The view of one sample: derived from its calls, overwritten freely. */
export const Sample = z.strictObject({
  id: z.string(),
  /** Fingerprint of the settings it was made under; a view of other settings is stale. */
  settings: z.string(),
  verdict: z.enum(['kept', 'rejected']),
  reason: RejectionReason.optional(),
  plan: z.strictObject({ call: z.string(), sections: z.array(PlannedSection) }).optional(),
  sections: z.array(WrittenSection),
  text: z.string(),
  words: z.number().int().min(0),
  lengthScore: z.number().optional(),
});
export type Sample = z.infer<typeof Sample>;
