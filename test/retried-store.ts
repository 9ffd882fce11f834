import { setTimeout as sleep } from 'node:timers/promises';
import { StoreError, type Store } from '../activities/io/store/store.ts';

/**
 * A store as activities see it that Temporal tries again, from their beginning, for as long as it is unavailable; `false`
 * after such a try says nothing, so that whoever wants to know looks at whose bytes are stored.
 */
export function retriedStore(store: Store): Store {
  const wroteIt = (path: string, bytes: Uint8Array, write: () => Promise<boolean>): Promise<boolean> =>
    retried(async (tries) => (await write()) || (tries > 0 && isSame(await store.find(path), bytes)));
  return {
    url: store.url,
    check: () => retried(() => store.check()),
    find: (path) => retried(() => store.find(path)),
    async *read(path) {
      yield* await retried(() => collect(store.read(path)));
    },
    createIfAbsent: (path, bytes) => wroteIt(path, bytes, () => store.createIfAbsent(path, bytes)),
    findVersioned: (path) => retried(() => store.findVersioned(path)),
    replace: (path, bytes, version) => wroteIt(path, bytes, () => store.replace(path, bytes, version)),
    putView: (path, bytes) => retried(() => store.putView(path, bytes)),
    async *list(folder) {
      yield* await retried(() => collect(store.list(folder)));
    },
    folders: (folder) => retried(() => store.folders(folder)),
    async *describe(folder) {
      yield* await retried(() => collect(store.describe(folder)));
    },
    remove: (path) => retried(() => store.remove(path)),
    upload: (path, localFile) => retried(() => store.upload(path, localFile)),
    download: (path, localFile) => retried(() => store.download(path, localFile)),
  };
}

async function retried<T>(work: (tries: number) => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await work(tries);
    } catch (error) {
      if (!(error instanceof StoreError) || error.problem !== 'Unavailable' || tries > 50) throw error;
      await sleep(1);
    }
  }
}

async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of values) all.push(value);
  return all;
}

function isSame(found: Uint8Array | undefined, bytes: Uint8Array): boolean {
  return found !== undefined && Buffer.compare(found, bytes) === 0;
}
