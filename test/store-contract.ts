import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Store } from '../activities/io/store/store.ts';
import { peakMemory } from './live-memory.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (found: Uint8Array | undefined): string | undefined =>
  found === undefined ? undefined : new TextDecoder().decode(found);

/** Every path that a store lists below a folder. */
export async function listed(store: Store, folder: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const path of store.list(folder)) paths.push(path);
  return paths;
}

const MIB = 1024 * 1024;

/** The hash of what a store streams, and in how many pieces it came. */
async function readHash(store: Store, path: string): Promise<{ hash: string; pieces: number }> {
  const hash = createHash('sha256');
  let pieces = 0;
  for await (const piece of store.read(path)) {
    hash.update(piece);
    pieces += 1;
  }
  return { hash: hash.digest('hex'), pieces };
}

/** Adds a name to the list at a path, however many do so at once; a name that is there already is not added again. */
async function addName(store: Store, path: string, name: string): Promise<void> {
  for (;;) {
    const found = await store.findVersioned(path);
    const names = JSON.parse(text(found?.value) ?? '[]') as string[];
    if (names.includes(name)) return;
    const changed = bytes(JSON.stringify([...names, name]));
    if (await (found ? store.replace(path, changed, found.version) : store.createIfAbsent(path, changed))) return;
  }
}

/**
 * What holds of every store; `open` gives an empty one, a new one each time.
 *
 * @param memory bytes in use that an object of 80 MiB may take on its way in and out
 */
export function describeStore(name: string, open: () => Promise<Store>, memory = 40 * MIB): void {
  describe(name, () => {
    let local: string;
    beforeAll(async () => {
      local = await mkdtemp(join(tmpdir(), 'longwriter-store-'));
    });
    afterAll(() => rm(local, { recursive: true, force: true }));

    it('finds what was created, byte for byte, and nothing where nothing is', async () => {
      const store = await open();
      const every = Uint8Array.from({ length: 256 }, (_, value) => value);
      expect(await store.createIfAbsent('calls/ab/abc.json', every)).toBe(true);
      expect(Uint8Array.from((await store.find('calls/ab/abc.json'))!)).toEqual(every);
      expect(await store.find('calls/ab/abd.json')).toBeUndefined();
      expect(await store.find('nowhere/at/all')).toBeUndefined();
      expect(await store.find('calls/ab')).toBeUndefined();
    });

    it('holds an object of no bytes', async () => {
      const store = await open();
      expect(await store.createIfAbsent('empty', new Uint8Array())).toBe(true);
      expect(text(await store.find('empty'))).toBe('');
    });

    it('lets exactly one of twenty writers at once create an object, and keeps its bytes', async () => {
      const store = await open();
      const created = await Promise.all(
        Array.from({ length: 20 }, (_, writer) => store.createIfAbsent('calls/x', bytes(`writer ${writer}`))),
      );
      expect(created.filter(Boolean)).toHaveLength(1);
      expect(text(await store.find('calls/x'))).toBe(`writer ${created.indexOf(true)}`);
      expect(await store.createIfAbsent('calls/x', bytes('late'))).toBe(false);
      expect(text(await store.find('calls/x'))).toBe(`writer ${created.indexOf(true)}`);
    });

    it('overwrites a view, also by several writers at once, and never mixes their bytes', async () => {
      const store = await open();
      await store.putView('view', bytes('old'));
      const texts = Array.from({ length: 10 }, (_, writer) => `writer ${writer} `.repeat(1000));
      await Promise.all(texts.map((written) => store.putView('view', bytes(written))));
      expect(texts).toContain(text(await store.find('view')));
      await store.putView('view', bytes('new'));
      expect(text(await store.find('view'))).toBe('new');
    });

    it('can be used, and is still empty after the question', async () => {
      const store = await open();
      await store.check();
      expect(await listed(store, '')).toEqual([]);
    });

    it('streams an object, also one of no bytes, and says what is missing', async () => {
      const store = await open();
      await store.putView('some', bytes('写'.repeat(100_000)));
      await store.putView('empty', new Uint8Array());
      const hash = createHash('sha256').update('写'.repeat(100_000)).digest('hex');
      expect(await readHash(store, 'some')).toMatchObject({ hash });
      expect(await readHash(store, 'empty')).toMatchObject({ hash: createHash('sha256').digest('hex') });
      await store.putView('folder/x', bytes('x'));
      for (const path of ['absent', 'folder', 'no/folder']) {
        const failed = readHash(store, path);
        await expect(failed).rejects.toMatchObject({ name: 'StoreError', problem: 'Missing' });
        await expect(failed).rejects.toThrow(path);
      }
    });

    it('replaces what still has the version that was read, and nothing else', async () => {
      const store = await open();
      expect(await store.findVersioned('state')).toBeUndefined();
      expect(await store.createIfAbsent('state', bytes('one'))).toBe(true);
      const first = (await store.findVersioned('state'))!;
      expect(text(first.value)).toBe('one');
      expect(await store.replace('state', bytes('two'), first.version)).toBe(true);
      expect(await store.replace('state', bytes('three'), first.version)).toBe(false);
      const second = (await store.findVersioned('state'))!;
      expect(text(second.value)).toBe('two');
      expect(await store.replace('state', bytes('three'), second.version)).toBe(true);
      await store.remove('state');
      expect(await store.replace('state', bytes('four'), second.version)).toBe(false);
      expect(await store.find('state')).toBeUndefined();
      expect(await listed(store, '')).toEqual([]);
    });

    it('loses no change of ten who replace one object at once', async () => {
      const store = await open();
      const names = Array.from({ length: 10 }, (_, writer) => `writer ${writer}`);
      await Promise.all(names.map((writer) => addName(store, 'names', writer)));
      expect((JSON.parse(text(await store.find('names'))!) as string[]).toSorted()).toEqual(names);
      expect(await listed(store, '')).toEqual(['names']);
    });

    it('takes in, streams and gives out a large object, for which memory does not grow', async () => {
      const store = await open();
      const [there, back] = [join(local, 'large'), join(local, 'large-back')];
      const numbers = Uint32Array.from({ length: 20 * MIB }, (_, index) => index);
      await writeFile(there, numbers);
      const hash = createHash('sha256').update(numbers).digest('hex');
      const grown = {
        upload: await peakMemory(() => store.upload('large', there)),
        read: await peakMemory(async () => expect((await readHash(store, 'large')).hash).toBe(hash)),
        download: await peakMemory(() => store.download('large', back)),
      };
      for (const growth of Object.values(grown)) expect(growth).toBeLessThan(memory);
      expect((await readFile(back)).equals(Buffer.from(numbers.buffer))).toBe(true);
    });

    it('lists more objects than one answer of a server holds', async () => {
      const store = await open();
      const paths = Array.from({ length: 1100 }, (_, index) => `folder/${String(index).padStart(4, '0')}`);
      for (let at = 0; at < paths.length; at += 100)
        await Promise.all(paths.slice(at, at + 100).map((path) => store.createIfAbsent(path, new Uint8Array())));
      expect(await listed(store, 'folder')).toEqual(paths);
    });

    it('lists what is below a folder, in the order of the characters, and nothing of a sibling that begins alike', async () => {
      const store = await open();
      for (const path of ['a/b.json', 'a/b/1', 'a/b-2', 'a/b/c/2', 'a/A', 'ab/x', 'a.json', 'b']) {
        await store.putView(path, bytes(path));
      }
      expect(await listed(store, 'a')).toEqual(['a/A', 'a/b-2', 'a/b.json', 'a/b/1', 'a/b/c/2']);
      expect(await listed(store, 'a/b')).toEqual(['a/b/1', 'a/b/c/2']);
      expect(await listed(store, '')).toHaveLength(8);
      expect(await listed(store, 'nowhere')).toEqual([]);
    });

    it('names the folders directly below one, whatever is in them', async () => {
      const store = await open();
      for (const path of ['runs/b/config.json', 'runs/a/ledger/m/1', 'runs/a-2/x', 'runs/file', 'runsx/c/d'])
        await store.putView(path, bytes(path));
      expect(await store.folders('runs')).toEqual(['a', 'a-2', 'b']);
      expect(await store.folders('')).toEqual(['runs', 'runsx']);
      expect(await store.folders('nowhere')).toEqual([]);
    });

    it('describes what is below a folder by size and time, in the order of a listing', async () => {
      const store = await open();
      const before = Date.now();
      for (const path of ['a/one', 'a/b/two', 'ab']) await store.putView(path, bytes(path));
      const found = [];
      for await (const { changedAt, ...object } of store.describe('a')) {
        // The clock of a disk may be a few milliseconds behind.
        expect(Math.abs(changedAt - before)).toBeLessThan(60_000);
        found.push(object);
      }
      expect(found).toEqual([
        { path: 'a/b/two', sizeBytes: 7 },
        { path: 'a/one', sizeBytes: 5 },
      ]);
    });

    it('lists no half-written object while others write', async () => {
      const store = await open();
      const writers = Promise.all(
        Array.from({ length: 20 }, (_, index) => store.createIfAbsent(`folder/${index}`, bytes('x'.repeat(10_000)))),
      );
      const lists = await Promise.all(Array.from({ length: 10 }, () => listed(store, 'folder')));
      await writers;
      for (const path of [...lists.flat(), ...(await listed(store, 'folder'))]) expect(path).toMatch(/^folder\/\d+$/);
      expect(await listed(store, '')).toHaveLength(20);
    });

    it('removes an object, and what is not there without complaint', async () => {
      const store = await open();
      await store.putView('gone', bytes('x'));
      await store.remove('gone');
      await store.remove('gone');
      expect(await store.find('gone')).toBeUndefined();
      expect(await store.createIfAbsent('gone', bytes('again'))).toBe(true);
    });

    it('takes a local file in, over an existing object, as often as one likes', async () => {
      const store = await open();
      const file = join(local, 'upload');
      await store.putView('model/weights', bytes('old'));
      await writeFile(file, 'new');
      await store.upload('model/weights', file);
      await store.upload('model/weights', file);
      expect(text(await store.find('model/weights'))).toBe('new');
      expect(await listed(store, '')).toEqual(['model/weights']);
    });

    it('gives an object out as a local file that appears whole, over an existing one', async () => {
      const store = await open();
      const folder = join(local, 'download');
      const file = join(folder, 'deep', 'weights');
      const large = 'weights '.repeat(100_000);
      await store.putView('model/weights', bytes(large));
      await store.download('model/weights', file);
      expect(await readFile(file, 'utf8')).toBe(large);
      await writeFile(file, 'changed here');
      expect(text(await store.find('model/weights'))).toBe(large);
      await store.download('model/weights', file);
      expect(await readFile(file, 'utf8')).toBe(large);
      expect(await readdir(join(folder, 'deep'))).toEqual(['weights']);
    });

    it('leaves no local file where there is nothing to download, and says what is missing', async () => {
      const store = await open();
      const folder = join(local, 'missing');
      const failed = store.download('model/absent', join(folder, 'absent'));
      await expect(failed).rejects.toMatchObject({ name: 'StoreError', problem: 'Missing' });
      await expect(failed).rejects.toThrow(/model\/absent/);
      expect(await readdir(folder).catch(() => [])).toEqual([]);
    });

    it('says that a file to upload is missing', async () => {
      const failed = (await open()).upload('model/weights', join(local, 'absent'));
      await expect(failed).rejects.toMatchObject({ name: 'StoreError', problem: 'Missing' });
    });

    it.each(['../x', 'a/../../x', 'a/..', '/etc/passwd', '..', 'a//b', './a', 'a/', '', 'a\0b'])(
      'refuses %j, which is no path inside the store',
      async (path) => {
        const store = await open();
        const refused = { name: 'StoreError', problem: 'Forbidden' };
        await expect(store.find(path)).rejects.toMatchObject(refused);
        await expect(store.createIfAbsent(path, bytes('x'))).rejects.toMatchObject(refused);
        await expect(store.putView(path, bytes('x'))).rejects.toMatchObject(refused);
        await expect(store.findVersioned(path)).rejects.toMatchObject(refused);
        await expect(store.replace(path, bytes('x'), '1')).rejects.toMatchObject(refused);
        await expect(readHash(store, path)).rejects.toMatchObject(refused);
        await expect(store.remove(path)).rejects.toMatchObject(refused);
        await expect(store.upload(path, join(local, 'upload'))).rejects.toMatchObject(refused);
        await expect(store.download(path, join(local, 'refused'))).rejects.toMatchObject(refused);
        if (path !== '') await expect(listed(store, path)).rejects.toMatchObject(refused);
      },
    );
  });
}
