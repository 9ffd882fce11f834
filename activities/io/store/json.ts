import type { z } from 'zod';
import { StoreError, type Store, type Versioned } from './store.ts';

/** An object whose bytes are not what its schema says: somebody changed it, or another version wrote it. */
export class CorruptObjectError extends Error {
  override readonly name = 'CorruptObjectError';
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/** A JSON value as the bytes that the store holds. */
export function jsonBytes(value: unknown): Uint8Array {
  return encoder.encode(`${JSON.stringify(value)}\n`);
}

/** Rows as JSON Lines. */
export function jsonLinesBytes(rows: readonly unknown[]): Uint8Array {
  return encoder.encode(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
}

/** The text at a path; fails with StoreError `Missing` where there is nothing, or CorruptObjectError where it is not UTF-8. */
export async function readText(store: Store, path: string): Promise<string> {
  const bytes = await store.find(path);
  if (!bytes) throw new StoreError('Missing', `${path} is not in store ${store.url}`);
  return decode(path, bytes);
}

/** The parsed object at a path, or undefined where there is nothing; fails with CorruptObjectError. */
export async function findJson<S extends z.ZodType>(
  store: Store,
  path: string,
  schema: S,
): Promise<z.infer<S> | undefined> {
  const bytes = await store.find(path);
  return bytes === undefined ? undefined : parse(path, decode(path, bytes), schema);
}

/** The parsed object at a path with its version, or undefined where there is nothing; fails with CorruptObjectError. */
export async function findVersionedJson<S extends z.ZodType>(
  store: Store,
  path: string,
  schema: S,
): Promise<Versioned<z.infer<S>> | undefined> {
  const found = await store.findVersioned(path);
  return found && { value: parse(path, decode(path, found.value), schema), version: found.version };
}

/** The parsed object at a path; fails with StoreError `Missing`, or CorruptObjectError. */
export async function readJson<S extends z.ZodType>(store: Store, path: string, schema: S): Promise<z.infer<S>> {
  return parse(path, await readText(store, path), schema);
}

/** The parsed rows of a JSON Lines object; fails with StoreError `Missing`, or CorruptObjectError that names the line. */
export async function readJsonLines<S extends z.ZodType>(store: Store, path: string, schema: S): Promise<z.infer<S>[]> {
  return parseJsonLines(path, await readText(store, path), schema);
}

/** Parses JSON Lines; fails with CorruptObjectError that names file, line and what is wrong. Empty lines are passed over. */
export function parseJsonLines<S extends z.ZodType>(name: string, text: string, schema: S): z.infer<S>[] {
  return text
    .split('\n')
    .flatMap((line, index) => (line.trim() === '' ? [] : [parse(`${name}:${index + 1}`, line, schema)]));
}

function decode(where: string, bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new CorruptObjectError(`${where}: not valid UTF-8`);
  }
}

function parse<S extends z.ZodType>(where: string, text: string, schema: S): z.infer<S> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new CorruptObjectError(`${where}: not valid JSON`);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new CorruptObjectError(`${where}: ${issue?.path.join('.') || 'the object'}: ${issue?.message}`);
}
