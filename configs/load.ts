import { readFile } from 'node:fs/promises';
import { closest } from 'fastest-levenshtein';
import { type Document, parseDocument } from 'yaml';
import { z } from 'zod';
import { RunConfig } from './schema.ts';

/** A configuration that cannot be used; the message is one line that names what and where. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * Reads a run's configuration: YAML, then `--set key=value` overrides, then defaults, then frozen.
 *
 * Fails with ConfigError on an unreadable file, broken YAML, an unknown key (its nearest neighbour is named) or a bad value.
 * @param overrides dotted keys with YAML values, such as `generation.maxDraws=5`
 * @param beneath what stands for parts that the file does not have
 */
export async function loadConfig(
  file: string,
  overrides: readonly string[] = [],
  beneath: object = {},
): Promise<RunConfig> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new ConfigError(`${file}: cannot be read (${error.code ?? error.message})`);
  });
  const document = parseDocument(text, { merge: true });
  const [broken] = document.errors;
  if (broken) throw new ConfigError(`${file}: ${firstLine(broken)}`);
  const own: unknown = toData(document, file) ?? {};
  const whole = typeof own === 'object' && !Array.isArray(own) ? { ...beneath, ...own } : own;
  return parseConfig(overrides.reduce(override, whole), file);
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

/** Parses a configuration from plain data; `source` names it in messages. */
export function parseConfig(data: unknown, source: string): RunConfig {
  const parsed = RunConfig.safeParse(data ?? {});
  if (parsed.success) return deepFreeze(parsed.data);
  throw new ConfigError(`${source}: ${parsed.error.issues.map(describeIssue).join('; ')}`);
}

function describeIssue(issue: z.core.$ZodIssue): string {
  const where = issue.path.join('.');
  if (issue.code !== 'unrecognized_keys') return `${where || 'the file'}: ${issue.message}`;
  const known = knownKeys(issue.path);
  return issue.keys
    .map((key) => {
      const full = [...issue.path, key].join('.');
      return `unknown key "${full}"${known.length > 0 ? `, did you mean "${closest(key, known)}"?` : ''}`;
    })
    .join('; ');
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
