import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { openStore } from '../activities/io/store/open.ts';
import { StoreError, type Store } from '../activities/io/store/store.ts';
import { PROJECT } from '../configs/env.ts';
import { ConfigError } from '../configs/load.ts';
import type { RunConfig } from '../configs/schema.ts';
import { inputKey } from '../domain/keys.ts';
import { fetchFile } from './fetch-file.ts';
import { INPUT_FIELDS, type InputField } from './input-fields.ts';

/** A checked input: where it is, and the store path that takes the place of its own. */
export interface Input {
  readonly key: string;
  /** A local file, gs://bucket/path, or http(s)://. */
  readonly file: string;
}

/** The rules that a run has which asks for rules and names none. */
const OUR_RULES = join(PROJECT, 'configs/data/prompt-rules.yaml');

/** The short prompts that a trained model is asked where the configuration names none. */
const OUR_SHORT_PROMPTS = join(PROJECT, 'configs/data/short-prompts.jsonl');

/**
 * Checks every file that a configuration names, local or in a bucket, relative to the configuration's own folder, and puts
 * store paths in their place, so that the frozen configuration says what was in them. Streams: no file is held.
 *
 * Fails with ConfigError, which names file, line and what is wrong, before anything is written.
 * @param fields those that are read; all where unset
 */
export async function readInputs(
  config: RunConfig,
  file: string,
  fields: readonly InputField[] = INPUT_FIELDS,
): Promise<{ config: RunConfig; inputs: Input[] }> {
  const frozen = structuredClone(config);
  const { rules, sources } = frozen.instructions;
  if (rules) rules.file ??= OUR_RULES;
  const reads = (at: string): boolean => fields.some((field) => field.at === at);
  // What is not read is no part of what is frozen: its path would be this machine's.
  if (reads('gates.model.prompts')) frozen.gates.model.prompts ??= OUR_SHORT_PROMPTS;
  for (const source of sources) source.name ??= source.file;
  if (reads('evaluation.benchmark')) frozen.evaluation.name ??= lastPart(frozen.evaluation.benchmark);
  const inputs: Input[] = [];
  for (const field of fields) {
    for (const place of placesOf(frozen, field)) {
      const given = isElsewhere(place.file) ? place.file : resolve(dirname(file), place.file);
      const sha256 = await explained(`${file}: ${place.name}`, () =>
        withLocalFile(given, async (local) => {
          const hash = await hashOf(local);
          if (field.at === 'evaluation.benchmark') checkHash(given, hash, config.evaluation.sha256);
          await field.check({ local, shown: given, owner: place.owner, config });
          return hash;
        }),
      );
      const key = inputKey(sha256);
      place.set(key);
      inputs.push({ key, file: given });
    }
  }
  return { config: frozen, inputs };
}

/** Puts checked inputs into the store. Fails with ConfigError where a file has changed since it was checked. */
export async function uploadInputs(store: Store, inputs: readonly Input[]): Promise<void> {
  for (const { key, file } of inputs) {
    await withLocalFile(file, (local) =>
      inTemporaryFolder(async (folder) => {
        // A copy, since the store may take a link to it, and the user's own file may change afterwards.
        const copy = join(folder, 'input');
        if (inputKey(await copyHashed(local, copy)) !== key)
          throw new ConfigError(`${file}: has changed since it was checked`);
        await store.upload(key, copy);
      }),
    );
  }
}

/** Whether a file is named by where it is, and not by a path from the configuration on. */
export const isElsewhere = (file: string): boolean => /^(?:gs|https?):\/\//.test(file);

/** What people call a file: the last part of its path, or of its address. */
function lastPart(file: string): string {
  const path = isElsewhere(file) ? new URL(file).pathname : file;
  return path.split('/').at(-1) || file;
}

function checkHash(file: string, found: string, expected: string | undefined): void {
  if (expected === undefined || found === expected) return;
  throw new ConfigError(`${file}: its SHA-256 is ${found}, and not ${expected} as evaluation.sha256 has it`);
}

interface Place {
  readonly name: string;
  readonly file: string;
  readonly owner: unknown;
  readonly set: (key: string) => void;
}

/** Where a configuration names a file: `instructions.sources.*.file` is one place for each source. */
function placesOf(config: RunConfig, { at }: InputField): Place[] {
  const walk = (owner: unknown, [key = '', ...rest]: readonly string[], name: readonly string[]): Place[] => {
    if (typeof owner !== 'object' || owner === null) return [];
    const holder = owner as Record<string, unknown>;
    return (key === '*' ? Object.keys(holder) : [key]).flatMap((one) => {
      if (rest.length > 0) return walk(holder[one], rest, [...name, one]);
      const file = holder[one];
      if (typeof file !== 'string') return [];
      return [{ name: [...name, one].join('.'), file, owner, set: (to: string) => (holder[one] = to) }];
    });
  };
  return walk(config, at.split('.'), []);
}

/** Gives the file itself, or of what is elsewhere a local copy while it is worked on. */
export async function withLocalFile<T>(file: string, work: (local: string) => Promise<T>): Promise<T> {
  if (!isElsewhere(file)) {
    await readable(file);
    return work(file);
  }
  if (!file.startsWith('gs://'))
    return inTemporaryFolder(async (folder) => {
      const local = join(folder, 'file');
      await fetchFile(file, local);
      return work(local);
    });
  const [bucket = '', ...path] = file.slice('gs://'.length).split('/');
  return inTemporaryFolder(async (folder) => {
    const local = join(folder, 'object');
    try {
      await openStore(`gs://${bucket}`).download(path.join('/'), local);
    } catch (error) {
      if (error instanceof StoreError) throw new ConfigError(`${file} cannot be read (${error.message})`);
      throw error;
    }
    return work(local);
  });
}

async function readable(file: string): Promise<void> {
  try {
    if ((await stat(file)).isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' });
    await (await open(file)).close();
  } catch (error) {
    throw new ConfigError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

async function inTemporaryFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'longwriter-input-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** SHA-256 of a file, as 64 hex characters. */
export async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

async function copyHashed(from: string, to: string): Promise<string> {
  const hash = createHash('sha256');
  const target = await open(to, 'wx');
  try {
    for await (const chunk of createReadStream(from, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      await target.writeFile(chunk);
    }
    await target.sync();
  } finally {
    await target.close();
  }
  return hash.digest('hex');
}

/** What a file could not do is said under the field that names it; what its rows are not, under the file alone. */
async function explained<T>(field: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ConfigError && / cannot be read \(/u.test(error.message))
      throw new ConfigError(`${field}: ${error.message}`);
    throw error;
  }
}
