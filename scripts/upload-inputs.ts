import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { z } from 'zod';
import { parseJsonLines } from '../activities/io/store/json.ts';
import type { Store } from '../activities/io/store/store.ts';
import { ConfigError } from '../configs/load.ts';
import type { RunConfig } from '../configs/schema.ts';
import { inputKey } from '../domain/keys.ts';
import { PreferenceRow, SftRow } from '../domain/schemas/dataset.ts';
import { BenchmarkRow, InstructionRow } from '../domain/schemas/instruction.ts';

/** The fields of a configuration that name a local file, and what its lines must be where it is JSON Lines. */
const INPUTS: readonly { field: readonly [keyof RunConfig, string]; rows?: z.ZodType }[] = [
  { field: ['instructions', 'file'], rows: InstructionRow },
  { field: ['prompts', 'plan'] },
  { field: ['prompts', 'section'] },
  { field: ['prompts', 'summary'] },
  { field: ['prompts', 'judge'] },
  { field: ['dataset', 'general'], rows: SftRow },
  { field: ['preferences', 'general'], rows: PreferenceRow },
  { field: ['evaluation', 'benchmark'], rows: BenchmarkRow },
];

/** A local input, checked: its bytes, and the store path that takes the place of its own. */
interface Input {
  readonly field: readonly [keyof RunConfig, string];
  readonly key: string;
  readonly bytes: Uint8Array;
}

/**
 * Reads and checks every local file that a configuration names, relative to the configuration's own folder, and puts
 * store paths in their place, so that the frozen configuration says what was in them.
 *
 * Fails with ConfigError, which names file, line and what is wrong, before anything is written.
 */
export async function readInputs(config: RunConfig, file: string): Promise<{ config: RunConfig; inputs: Input[] }> {
  const frozen = structuredClone(config);
  const fields = frozen as unknown as Record<string, Record<string, string | undefined>>;
  const inputs: Input[] = [];
  for (const { field, rows } of INPUTS) {
    const [group, name] = field;
    const path = fields[group]?.[name];
    if (path === undefined) continue;
    const local = resolve(dirname(file), path);
    const bytes = await readFile(local).catch((error: NodeJS.ErrnoException) => {
      throw new ConfigError(`${file}: ${group}.${name}: ${local} cannot be read (${error.code})`);
    });
    checkRows(local, bytes, rows);
    if (group === 'prompts' && name === 'section') checkSectionPrompt(config, local, bytes);
    const key = inputKey(createHash('sha256').update(bytes).digest('hex'));
    fields[group]![name] = key;
    inputs.push({ field, key, bytes });
  }
  return { config: frozen, inputs };
}

/** A summary that stands for the text so far must reach the model. */
function checkSectionPrompt({ generation }: RunConfig, file: string, bytes: Uint8Array): void {
  if (generation.section.overflow !== 'summarize' || new TextDecoder().decode(bytes).includes('{{text}}')) return;
  throw new ConfigError(`${file}: has no slot {{text}}, which a summary is to stand in (generation.section.overflow)`);
}

/** Puts checked inputs into the store; what is there already stays. */
export async function uploadInputs(store: Store, inputs: readonly Input[]): Promise<void> {
  for (const { key, bytes } of inputs) await store.createIfAbsent(key, bytes);
}

function checkRows(file: string, bytes: Uint8Array, rows: z.ZodType | undefined): void {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    if (rows && parseJsonLines(file, text, rows).length === 0) throw new ConfigError(`${file}: has no rows`);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(error instanceof TypeError ? `${file}: is not UTF-8 text` : (error as Error).message);
  }
}
