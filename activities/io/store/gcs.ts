import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { File } from '@google-cloud/storage';
import { CHECK_MS, checkBucket } from './check-bucket.ts';
import { gcsClient, problemOf, reasonOf, statusOf } from './gcs-client.ts';
import { unstalled, within } from './stall.ts';
import { checkPath, StoreError, type Store, type StoredObject } from './store.ts';

/** How long nothing may come before a connection counts as broken, milliseconds. */
const STALL_MS = 30_000;

/** What a line carries at least of an object sent in one piece, bytes in a millisecond: 0.1 MB/s. */
const SLOWEST = 100;

/**
 * A store in a Google Cloud Storage bucket, by application-default credentials, or on the emulator that
 * STORAGE_EMULATOR_HOST names. A version is the object's generation, and put-if-absent the precondition that it be 0.
 * The checksum (crc32c) of all that is read and written is compared with the server's.
 */
export function gcsStore(url: string, stallMs = STALL_MS): Store {
  const [bucketName = '', ...prefix] = url.slice('gs://'.length).split('/');
  const base = prefix
    .filter((part) => part !== '')
    .map((part) => `${part}/`)
    .join('');
  if (bucketName === '') throw new StoreError('Forbidden', `${url} names no bucket; expected gs://bucket/prefix`);
  const bucket = gcsClient().bucket(bucketName);
  // A missing bucket answers 404 as a missing object does, and must not look like one. Asked once, by a listing: whoever
  // may use objects may list them, but seldom may look at the bucket itself.
  let seen: Promise<unknown> | undefined;
  const bucketSeen = async (): Promise<void> => {
    const asked = (seen ??= bucket.getFiles({ prefix: base, maxResults: 1, autoPaginate: false }));
    await within(stallMs, () => asked).catch((error: unknown) => {
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

  const stream = (path: string, onVersion?: (version: string) => void): AsyncIterable<Uint8Array> => {
    const object = file(path).createReadStream({ validation: 'crc32c' });
    object.on('response', ({ headers }: { headers: Record<string, string> }) =>
      onVersion?.(headers['x-goog-generation'] ?? ''),
    );
    return unstalled(stallMs, object);
  };
  const findVersioned: Store['findVersioned'] = (path) =>
    attempt(`read ${path}`, async () => {
      let version = '';
      const pieces: Uint8Array[] = [];
      try {
        for await (const piece of stream(path, (told) => (version = told))) pieces.push(piece);
        return { value: Buffer.concat(pieces), version };
      } catch (error) {
        if (statusOf(error) !== 404) throw error;
        await bucketSeen();
        return undefined;
      }
    });
  const save = (path: string, bytes: Uint8Array, ifGenerationMatch?: string | number): Promise<void> => {
    const preconditionOpts = ifGenerationMatch === undefined ? {} : { ifGenerationMatch };
    const object = file(path);
    return within(stallMs + bytes.byteLength / SLOWEST, () =>
      object.save(Buffer.from(bytes), { resumable: false, preconditionOpts }),
    );
  };
  const writeIf = async (path: string, bytes: Uint8Array, ifGenerationMatch: string | number): Promise<boolean> => {
    try {
      await save(path, bytes, ifGenerationMatch);
      return true;
    } catch (error) {
      if (statusOf(error) === 412) return false;
      throw error;
    }
  };

  async function* describe(folder: string): AsyncIterable<StoredObject> {
    const files = bucket.getFilesStream({ prefix: base + (folder === '' ? '' : `${checkPath(folder)}/`) });
    try {
      for await (const { name, metadata } of unstalled<File>(stallMs, files))
        yield {
          path: name.slice(base.length),
          sizeBytes: Number(metadata.size),
          changedAt: Date.parse(metadata.updated ?? ''),
        };
    } catch (error) {
      throw storeError(error, `list ${folder} in store ${url}`);
    }
  }

  return {
    url,
    check: () => checkBucket(url, bucketName, base, Math.min(stallMs, CHECK_MS)),
    find: async (path) => (await findVersioned(path))?.value,
    async *read(path) {
      try {
        yield* stream(path);
      } catch (error) {
        throw storeError(error, `read ${path} in store ${url}`);
      }
    },
    createIfAbsent: (path, bytes) => attempt(`create ${path}`, () => writeIf(path, bytes, 0)),
    findVersioned,
    replace: (path, bytes, version) => attempt(`replace ${path}`, () => writeIf(path, bytes, version)),
    putView: (path, bytes) => attempt(`write ${path}`, () => save(path, bytes)),
    async *list(folder) {
      for await (const { path } of describe(folder)) yield path;
    },
    folders: (folder) =>
      attempt(`list ${folder}`, async () => {
        const below = base + (folder === '' ? '' : `${checkPath(folder)}/`);
        const found: string[] = [];
        for (let pageToken: string | undefined; ;) {
          const query = { prefix: below, delimiter: '/', autoPaginate: false, ...(pageToken ? { pageToken } : {}) };
          const [, next, answer] = await within(stallMs, () => bucket.getFiles(query));
          const { prefixes = [] } = answer as { prefixes?: string[] };
          found.push(...prefixes.map((name) => name.slice(below.length, -1)));
          pageToken = (next as { pageToken?: string } | null)?.pageToken;
          if (pageToken === undefined) return found.toSorted((a, b) => (a < b ? -1 : 1));
        }
      }),
    describe,
    remove: (path) =>
      attempt(`remove ${path}`, async () => {
        await within(stallMs, () => file(path).delete({ ignoreNotFound: true }));
      }),
    upload: (path, localFile) =>
      attempt(`upload ${path}`, async () => {
        const destination = file(path);
        await within(stallMs, (onUploadProgress) =>
          bucket.upload(localFile, { destination, validation: 'crc32c', onUploadProgress }),
        );
      }),
    download: (path, localFile) =>
      attempt(`download ${path}`, async () => {
        checkPath(path);
        await mkdir(dirname(localFile), { recursive: true });
        const temporary = `${localFile}.${randomUUID()}.tmp`;
        try {
          await pipeline(stream(path), createWriteStream(temporary));
          await rename(temporary, localFile);
        } finally {
          await rm(temporary, { force: true });
        }
      }),
  };
}

function storeError(error: unknown, what: string): StoreError {
  const problem = error instanceof StoreError ? error.problem : problemOf(error);
  return new StoreError(problem, `cannot ${what} (${statusOf(error) ?? reasonOf(error)})`);
}
