import { createRequire } from 'node:module';
import type * as Google from '@google-cloud/storage';
import type { StoreError } from './store.ts';

const load = createRequire(import.meta.url);

/**
 * A client by application-default credentials, or of the emulator that STORAGE_EMULATOR_HOST names. It tries nothing
 * again: retries belong to Temporal alone.
 *
 * @param timeoutMs what a request may take until its answer is there
 */
export function gcsClient(timeoutMs?: number): Google.Storage {
  // Loaded when a bucket is used: it takes 140 ms, which every command on a directory would pay.
  const { Storage } = load('@google-cloud/storage') as typeof Google;
  const client = new Storage({
    retryOptions: { autoRetry: false },
    ...(timeoutMs ? { timeout: timeoutMs } : {}),
  });
  // With an emulator's host the client leaves the API's path out of every address but an upload's; else this is a no-op.
  client.baseUrl = `${client.apiEndpoint}/storage/v1`;
  return client;
}

/** The HTTP status of a failed call, which kinds of calls have in different places. */
export function statusOf(error: unknown): number | undefined {
  const { code, status, response } = error as { code?: unknown; status?: unknown; response?: { statusCode?: unknown } };
  return [code, status, response?.statusCode].find((value) => typeof value === 'number');
}

/** What trying again does not mend; ENOENT is a local file. */
const PROBLEMS = new Map<number | string | undefined, StoreError['problem']>([
  [400, 'Forbidden'],
  [401, 'Forbidden'],
  [403, 'Forbidden'],
  [404, 'Missing'],
  ['ENOENT', 'Missing'],
]);

/** Whether trying again can mend what a call failed with, as a StoreError says it. */
export function problemOf(error: unknown): StoreError['problem'] {
  return PROBLEMS.get(statusOf(error) ?? (error as NodeJS.ErrnoException).code) ?? 'Unavailable';
}

/** What a call failed with, in one line. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
}
