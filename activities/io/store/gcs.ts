import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Storage } from '@google-cloud/storage';
import { checkPath, StoreError, type Store } from './store.ts';

/**
 * A store in a Google Cloud Storage bucket, by application-default credentials, or on the emulator that
 * STORAGE_EMULATOR_HOST names. Put-if-absent is the precondition `ifGenerationMatch: 0`.
 */
export function gcsStore(url: string): Store {
  const [bucketName = '', ...prefix] = url.slice('gs://'.length).split('/');
  const base = prefix
    .filter((part) => part !== '')
    .map((part) => `${part}/`)
    .join('');
  // Retries belong to Temporal alone.
  const storage = new Storage({ retryOptions: { autoRetry: false } });
  // With an emulator's host the client leaves the API's path out of every address but an upload's; else this is a no-op.
  storage.baseUrl = `${storage.apiEndpoint}/storage/v1`;
  const bucket = storage.bucket(bucketName);
  // A missing bucket answers 404 as a missing object does, and must not look like one. Asked once, by a listing: whoever
  // may use objects may list them, but seldom may look at the bucket itself.
  let seen: Promise<unknown> | undefined;
  const bucketSeen = async (): Promise<void> => {
    seen ??= bucket.getFiles({ prefix: base, maxResults: 1, autoPaginate: false });
    await seen.catch((error: unknown) => {
      seen = undefined;
      throw error;
    });
  };
  const file = (path: string) => bucket.file(base + checkPath(path));
  const attempt = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw storeError(error, `${what} in store ${url}`);
    }
  };

  return {
    url,
    find: (path) =>
      attempt(`read ${path}`, async () => {
        try {
          return (await file(path).download())[0];
        } catch (error) {
          if (status(error) !== 404) throw error;
          await bucketSeen();
          return undefined;
        }
      }),
    createIfAbsent: (path, bytes) =>
      attempt(`create ${path}`, async () => {
        try {
          await file(path).save(Buffer.from(bytes), { resumable: false, preconditionOpts: { ifGenerationMatch: 0 } });
          return true;
        } catch (error) {
          if (status(error) === 412) return false;
          throw error;
        }
      }),
    putView: (path, bytes) => attempt(`write ${path}`, () => file(path).save(Buffer.from(bytes), { resumable: false })),
    async *list(folder) {
      const stream = bucket.getFilesStream({ prefix: base + (folder === '' ? '' : `${checkPath(folder)}/`) });
      try {
        for await (const entry of stream) yield (entry as { name: string }).name.slice(base.length);
      } catch (error) {
        throw storeError(error, `list ${folder} in store ${url}`);
      }
    },
    remove: (path) =>
      attempt(`remove ${path}`, async () => {
        await file(path).delete({ ignoreNotFound: true });
      }),
    upload: (path, localFile) =>
      attempt(`upload ${path}`, async () => {
        await bucket.upload(localFile, { destination: file(path), validation: 'crc32c' });
      }),
    download: (path, localFile) =>
      attempt(`download ${path}`, async () => {
        checkPath(path);
        await mkdir(dirname(localFile), { recursive: true });
        const temporary = `${localFile}.${randomUUID()}.tmp`;
        try {
          await file(path).download({ destination: temporary, validation: 'crc32c' });
          await rename(temporary, localFile);
        } finally {
          await rm(temporary, { force: true });
        }
      }),
  };
}

/** The HTTP status of a failed call; an upload in parts has it elsewhere than all others. */
function status(error: unknown): number | undefined {
  const { code, status: gaxiosStatus } = error as { code?: unknown; status?: unknown };
  return [code, gaxiosStatus].find((value) => typeof value === 'number');
}

/** What trying again does not mend; ENOENT is a local file. */
const PROBLEMS = new Map<number | string | undefined, StoreError['problem']>([
  [400, 'Forbidden'],
  [401, 'Forbidden'],
  [403, 'Forbidden'],
  [404, 'Missing'],
  ['ENOENT', 'Missing'],
]);

function storeError(error: unknown, what: string): StoreError {
  if (error instanceof StoreError) return error;
  const problem = PROBLEMS.get(status(error) ?? (error as NodeJS.ErrnoException).code) ?? 'Unavailable';
  const reason = status(error) ?? (error instanceof Error ? error.message.split('\n')[0] : String(error));
  return new StoreError(problem, `cannot ${what} (${reason})`);
}
