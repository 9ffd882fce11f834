import { readFile } from 'node:fs/promises';
import { closest } from 'fastest-levenshtein';
import { type Document, parseDocument } from 'yaml';
import { z } from 'zod';
import { ConfigError } from '../domain/config-error.ts';
import { groupBy } from '../domain/group-by.ts';
import { RunConfig } from './schema.ts';

export { ConfigError };

/**
 * Reads a run's configuration: YAML, then `--set key=value` overrides, then defaults, then frozen.
 *
 * Fails with ConfigError on an unreadable file, broken YAML, an unknown key (its nearest neighbour is named) or a bad value.
 * @param overrides dotted keys with YAML values, such as `generation.maxDraws=5`
 * @param beneath what stands for parts that the file does not have
 * @param typed those of the overrides that a person typed, and that a message may so name
 */
export async function loadConfig(
  file: string,
  overrides: readonly string[] = [],
  beneath: object = {},
  typed: readonly string[] = overrides,
): Promise<RunConfig> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new ConfigError(`${file}: cannot be read (${error.code ?? error.message})`);
  });
  const document = parseDocument(text, { merge: true });
  const [broken] = document.errors;
  if (broken) throw new ConfigError(`${file}: ${firstLine(broken)}`);
  const own: unknown = toData(document, file) ?? {};
  const whole = typeof own === 'object' && !Array.isArray(own) ? { ...beneath, ...own } : own;
  return parseConfig(overrides.reduce(override, whole), (at) => sourceOf(at, typed) ?? file);
}

/** The override that set what stands at a dotted path, as it was typed: the last one of the path itself, of what holds it or of a part of it. */
function sourceOf(at: string, typed: readonly string[]): string | undefined {
  const within = (inner: string, outer: string): boolean => inner === outer || inner.startsWith(`${outer}.`);
  const text = typed.findLast((one) => {
    const [key = ''] = one.split('=');
    return within(at, key) || within(key, at);
  });
  return text === undefined ? undefined : `--set ${text}`;
}

/** The data with one `key=value` set in it; copied along the key, since a YAML alias shares what stands behind it. */
function override(data: unknown, text: string): unknown {
  const [key, ...value] = text.split('=');
  if (!key || value.length === 0) throw new ConfigError(`--set ${text}: expected key=value`);
  const given = parseDocument(value.join('='));
  if (given.errors[0]) throw new ConfigError(`--set ${text}: ${firstLine(given.errors[0])}`);
  const set = (into: unknown, [name, ...rest]: readonly string[]): unknown => {
    if (name === undefined) return toData(given, `--set ${text}`);
    if ((typeof into !== 'object' && into !== undefined) || Array.isArray(into))
      throw new ConfigError(`--set ${text}: what "${name}" is to be set in has no keys`);
    return { ...into, [name]: set((into as Record<string, unknown> | null | undefined)?.[name], rest) };
  };
  return set(data, key.split('.'));
}

/** The plain data of a document, whose aliases may still lead nowhere. */
function toData(document: Document, source: string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw new ConfigError(`${source}: ${error instanceof Error ? firstLine(error) : String(error)}`);
  }
}

const firstLine = ({ message }: Error): string => message.split('\n')[0] ?? message;

/** Parses a configuration from plain data; `source` names in messages where it, or what stands at a dotted path in it, is from. */
export function parseConfig(data: unknown, source: string | ((at: string) => string)): RunConfig {
  const parsed = RunConfig.safeParse(data ?? {});
  if (parsed.success) return deepFreeze(parsed.data);
  const bySource = groupBy(parsed.error.issues.flatMap(complaintsOf), ({ at }) =>
    typeof source === 'string' ? source : source(at),
  );
  const told = [...bySource].map(([from, complaints]) => `${from}: ${complaints.map(({ text }) => text).join('; ')}`);
  throw new ConfigError(told.join('; '));
}

/** What is wrong, and at which dotted path. */
function complaintsOf(issue: z.core.$ZodIssue): { readonly at: string; readonly text: string }[] {
  const where = issue.path.join('.');
  if (issue.code !== 'unrecognized_keys') return [{ at: where, text: `${where || 'the file'}: ${issue.message}` }];
  const known = knownKeys(issue.path);
  return issue.keys.map((key) => {
    const at = [...issue.path, key].join('.');
    return { at, text: `unknown key "${at}"${nearest(key, issue.path.join('.'), known)}` };
  });
}

/** The key that was meant: one that stands elsewhere under the same name, else the nearest of those that may stand there. */
function nearest(key: string, parent: string, known: readonly string[]): string {
  const named = allPaths().filter((path) => path === key || path.endsWith(`.${key}`));
  const close = named.filter((path) => path.startsWith(`${parent}.`));
  const elsewhere = close.length > 0 ? close : named;
  if (elsewhere.length > 0) return `, did you mean "${elsewhere.slice(0, 3).join('" or "')}"?`;
  return known.length > 0 ? `, did you mean "${closest(key, known)}"?` : '';
}

/** The dotted paths of all keys of the schema. */
function allPaths(): string[] {
  const below = (schema: unknown, at: string): string[] =>
    Object.entries((schema as { properties?: Record<string, unknown> }).properties ?? {}).flatMap(([key, value]) => {
      const path = at === '' ? key : `${at}.${key}`;
      return [path, ...below(value, path)];
    });
  return below(z.toJSONSchema(RunConfig, { io: 'input' }), '');
}

/** The keys that the schema knows at a path. */
function knownKeys(at: readonly PropertyKey[]): string[] {
  let schema: unknown = z.toJSONSchema(RunConfig, { io: 'input' });
  for (const key of at) {
    const { properties, items } = (schema ?? {}) as { properties?: Record<string, unknown>; items?: unknown };
    schema = properties?.[String(key)] ?? items;
  }
  return Object.keys((schema as { properties?: object } | undefined)?.properties ?? {});
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const child of Object.values(value)) deepFreeze(child);
  }
  return value;
}
