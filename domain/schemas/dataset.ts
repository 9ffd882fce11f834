import { z } from 'zod';
import { wellFormed } from '../well-formed.ts';
import { ChatMessage } from './call.ts';
import { RejectionReason, SampleOrigin } from './sample.ts';

/** A training row as trainers of this field read it. */
export const SftRow = z.strictObject({ messages: z.array(ChatMessage).min(2) });
export type SftRow = z.infer<typeof SftRow>;

const Messages = z.array(ChatMessage.strip()).min(1);

/** The training row in a row of somebody else's, or what is wrong with it; what else stands in it is passed over. */
export function readMessages(row: Readonly<Record<string, unknown>>): SftRow | { readonly problem: string } {
  const parsed = Messages.safeParse(row['messages']);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return { problem: `${['messages', ...(issue?.path ?? [])].join('.')}: ${issue?.message}` };
  }
  const last = parsed.data.at(-1)!;
  if (last.role !== 'assistant' || last.content.trim() === '')
    return { problem: 'messages: does not end in an assistant message with text' };
  return { messages: parsed.data.map(({ role, content }) => ({ role, content: wellFormed(content) })) };
}

/** The splits of a dataset; which one a sample is in is decided by the hash of its id. */
export const SPLITS = ['train', 'test'] as const;
export type Split = (typeof SPLITS)[number];

/** Languages as dataset cards name them, as far as scripts tell them apart. */
export const TextLanguage = z.enum(['en', 'zh', 'other']);
export type TextLanguage = z.infer<typeof TextLanguage>;

const facts = {
  sample: z.string(),
  origin: SampleOrigin,
  language: TextLanguage,
  /** Words or Chinese characters required; null where the instruction states none. */
  required: z.number().int().nullable(),
  words: z.number().int(),
  /** S_l, 0 to 100; null where nothing is required. */
  lengthScore: z.number().nullable(),
};

/** One line of samples.jsonl: a sample of the dataset. */
export const DatasetSample = z.strictObject({
  ...facts,
  split: z.enum(SPLITS),
  /** Line of the split's JSON Lines, from 0. */
  row: z.number().int().min(0),
  measures: z.strictObject({ compressionRatio: z.number(), repeated: z.number() }),
});
export type DatasetSample = z.infer<typeof DatasetSample>;

/** One line of rejections.jsonl: a sample that was left out, with its one reason. */
export const Rejection = z.strictObject({ ...facts, reason: RejectionReason, detail: z.string() });
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
  /** What was measured of the rows, such as the spread of preference pairs in points. */
  statistics: z.record(z.string(), z.number()).optional(),
  /** What it was made from: store paths of inputs, which are their hashes, and fingerprints of settings. */
  madeFrom: z.record(z.string(), z.union([z.string(), z.array(z.string())])).optional(),
});
export type Manifest = z.infer<typeof Manifest>;
