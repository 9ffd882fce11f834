import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunConfig } from '../configs/schema.ts';
import { sha256Hex } from '../domain/fingerprint.ts';
import type { ActivityDeps } from './deps.ts';

/** A chat template as a file, with its SHA-256. */
export interface ChatTemplateFile {
  readonly path: string;
  readonly sha256: string;
}

/** Writes the configured chat template into a job's folder; null where the base model's own is used. */
export async function writeChatTemplate(
  deps: ActivityDeps,
  { training }: RunConfig,
  folder: string,
): Promise<ChatTemplateFile | null> {
  if (training.chatTemplate === undefined) return null;
  const text = await deps.files.text(training.chatTemplate);
  const path = join(folder, 'chat-template.jinja');
  await writeFile(path, text);
  return { path, sha256: sha256Hex(text) };
}
