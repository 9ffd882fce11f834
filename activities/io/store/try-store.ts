import { StoreError, type Store } from './store.ts';

/**
 * Writes, reads and removes a small object, to see that the store keeps its promises: what is there is never created again,
 * and replaced only by whoever knows its version. Fails with StoreError, one line that says what to do.
 *
 * @param path where nothing else is; removed again
 */
export async function tryStore(store: Store, path: string): Promise<void> {
  await store.check();
  const bytes = new TextEncoder().encode(path);
  try {
    const created = await store.createIfAbsent(path, bytes);
    const again = await store.createIfAbsent(path, bytes);
    const read = await store.findVersioned(path);
    // A version that is a number everywhere, and nobody's.
    const replaced = await store.replace(path, bytes, '1');
    if (!created || again || replaced || !read || Buffer.compare(read.value, bytes) !== 0)
      throw new StoreError(
        'Forbidden',
        `store ${store.url} does not keep "create if absent" or "replace this version", which runs rely on; ` +
          'use a local disk, NFS 3 or newer, or a gs:// bucket',
      );
  } finally {
    await store.remove(path);
  }
}
