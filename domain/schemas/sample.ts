import { z } from 'zod';
import { Spending } from './call.ts';
import { Retry } from './run.ts';

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
  'summary-empty',
  'failure-text',
  'refusal',
  'too-short',
  'truncated',
  'no-length',
  'length-score',
  'compression',
  'repetition',
  'language-mixture',
  'leak',
  'contamination',
  'near-duplicate',
]);
export type RejectionReason = z.infer<typeof RejectionReason>;

/** Why an answer is asked for again, as the next draw; the other reasons are the filter's. */
export type DrawReason = Extract<RejectionReason, `${'plan' | 'section' | 'summary'}-${string}`>;

/** Where a sample's text comes from: AgentWrite in this run, or a file of the user's. */
export const SampleOrigin = z.enum(['generated', 'imported']);
export type SampleOrigin = z.infer<typeof SampleOrigin>;

/** One line of a plan: what a section is about, and how long it should be. */
export const PlannedSection = z.strictObject({ mainPoint: z.string().min(1), words: z.number().int().positive() });
export type PlannedSection = z.infer<typeof PlannedSection>;

/** A section as written, with the call it comes from; an imported one has none. */
export const WrittenSection = z.strictObject({ call: z.string().optional(), words: z.number().int().min(0) });
export type WrittenSection = z.infer<typeof WrittenSection>;

/** An answer that a check refused: it was asked again as the next draw, and stays stored and paid. */
export const RefusedDraw = z.strictObject({
  /** `plan`, or `section 3`. */
  step: z.string(),
  call: z.string(),
  reason: RejectionReason,
});
export type RefusedDraw = z.infer<typeof RefusedDraw>;

/** A summary that stood for the first sections when the text had outgrown the model's window. */
export const SectionSummary = z.strictObject({ call: z.string(), sections: z.number().int().positive() });
export type SectionSummary = z.infer<typeof SectionSummary>;

/** The view of one sample: derived from its calls, overwritten freely. */
export const Sample = z.strictObject({
  id: z.string(),
  origin: SampleOrigin,
  /** Fingerprint of the settings it was made under; a view of other settings is stale. */
  settings: z.string(),
  verdict: z.enum(['kept', 'rejected']),
  reason: RejectionReason.optional(),
  /** What the filter that left it out measured. */
  detail: z.string().optional(),
  plan: z.strictObject({ call: z.string(), sections: z.array(PlannedSection) }).optional(),
  sections: z.array(WrittenSection),
  refused: z.array(RefusedDraw),
  /** Each with how many sections it stood for, in the order in which they were made. */
  summaries: z.array(SectionSummary),
  /** How often it had been opened again when it was written. */
  retry: Retry,
  spending: Spending,
  text: z.string(),
  words: z.number().int().min(0),
  lengthScore: z.number().optional(),
});
export type Sample = z.infer<typeof Sample>;
