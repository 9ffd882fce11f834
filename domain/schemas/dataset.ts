import { z } from 'zod';
import { ChatMessage } from './call.ts';
import { RejectionReason } from './sample.ts';

/** A training row as trainers of this field read it. */
export const SftRow = z.strictObject({ messages: z.array(ChatMessage).min(2) });
export type SftRow = z.infer<typeof SftRow>;

/** A preference pair as TRL reads it. */
export const PreferenceRow = z.strictObject({
  prompt: z.array(ChatMessage).min(1),
  chosen: z.array(ChatMessage).min(1),
  rejected: z.array(ChatMessage).min(1),
});
export type PreferenceRow = z.infer<typeof PreferenceRow>;

/** A sample that was left out, with its reason. */
export const Rejection = z.strictObject({ sample: z.string(), reason: RejectionReason, words: z.number().int() });
export type Rejection = z.infer<typeof Rejection>;

/** One file that a manifest vouches for. */
export const ManifestFile = z.strictObject({
  path: z.string(),
  sizeBytes: z.number().int().min(0),
  sha256: z.string(),
  rows: z.number().int().min(0).optional(),
});
export type ManifestFile = z.infer<typeof ManifestFile>;

/** Written last into a folder: where it exists, what it lists is whole. */
export const Manifest = z.strictObject({
  inputs: z.string(),
  files: z.array(ManifestFile),
  counts: z.record(z.string(), z.number()),
});
export type Manifest = z.infer<typeof Manifest>;
