import { fingerprint } from './fingerprint.ts';

/** One place at which two JSON values differ; `undefined` where a value is absent. */
export interface Difference {
  /** Keys from the outside in, such as `generation.maxDraws`. */
  readonly path: string;
  readonly a: unknown;
  readonly b: unknown;
}

/** Every place at which two JSON values differ, in the order of the keys; lists are compared as a whole. */
export function differences(a: unknown, b: unknown, path: readonly string[] = []): Difference[] {
  if (fingerprint(a ?? null) === fingerprint(b ?? null)) return [];
  if (!isObject(a) || !isObject(b)) return [{ path: path.join('.'), a, b }];
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])].toSorted();
  return keys.flatMap((key) => differences(a[key], b[key], [...path, key]));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
