import { mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fileStore } from '../../../activities/io/store/file.ts';
import { renameIf } from '../../../activities/io/store/rename-if.ts';
import { openStore } from '../../../activities/io/store/open.ts';
import { describeStore, listed } from '../../store-contract.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'longwriter-file-store-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const newRoot = (): Promise<string> => mkdtemp(join(folder, 'root-'));
const bytes = new TextEncoder().encode('bytes');

describeStore('a store in a directory', async () => openStore(join(await newRoot(), 'made', 'when', 'needed')));

describe('fileStore', () => {
  it('says Forbidden, and where, where a file stands in the place of a folder', async () => {
    const root = await newRoot();
    await writeFile(join(root, 'calls'), 'a file');
    const store = fileStore(root);
    const forbidden = { name: 'StoreError', problem: 'Forbidden' };
    await expect(store.createIfAbsent('calls/x', bytes)).rejects.toMatchObject(forbidden);
    await expect(store.createIfAbsent('calls/ab/x', bytes)).rejects.toMatchObject(forbidden);
    await expect(store.putView('calls/ab/x', bytes)).rejects.toMatchObject(forbidden);
    await expect(fileStore(join(root, 'calls')).putView('x', bytes)).rejects.toThrow(`in store ${join(root, 'calls')}`);
  });

  it('says Forbidden where a name is too long for the disk, since trying again does not mend that', async () => {
    await expect(fileStore(await newRoot()).putView('x'.repeat(300), bytes)).rejects.toMatchObject({
      problem: 'Forbidden',
    });
  });

  it('leaves no temporary file behind, whether a write is done, lost or failed', async () => {
    const root = await newRoot();
    const store = fileStore(root);
    await Promise.all(Array.from({ length: 5 }, () => store.createIfAbsent('x', bytes)));
    await store.putView('x', bytes);
    await mkdir(join(root, 'taken', 'inside'), { recursive: true });
    await expect(store.putView('taken', bytes)).rejects.toMatchObject({ name: 'StoreError' });
    expect((await readdir(root)).toSorted()).toEqual(['taken', 'x']);
  });

  it('lists no temporary file of a killed writer, but an object that ends in .tmp', async () => {
    const root = await newRoot();
    const store = fileStore(root);
    await store.putView('notes.tmp', bytes);
    await writeFile(join(root, 'x.6f9619ff-8b86-4d01-b42d-00cf4fc964ff.tmp'), 'half');
    expect(await listed(store, '')).toEqual(['notes.tmp']);
  });

  it('breaks the lock of a writer that was killed in the middle of a replace', async () => {
    const root = await newRoot();
    const store = fileStore(root);
    await store.createIfAbsent('x', bytes);
    const { version } = (await store.findVersioned('x'))!;
    await writeFile(join(root, 'x.00000000-0000-0000-0000-000000000000.tmp'), 'half');
    expect(await listed(store, '')).toEqual(['x']);
    const replaced = await Promise.all(['a', 'b'].map((text) => store.replace('x', Buffer.from(text), version)));
    expect(replaced.filter(Boolean)).toHaveLength(1);
    expect((await store.find('x'))?.toString()).toBe(replaced[0] ? 'a' : 'b');
    expect(await readdir(root)).toEqual(['x']);
  });

  it('does not replace when its lock was broken and taken by another meanwhile', async () => {
    const root = await newRoot();
    const [own, other, target] = [join(root, 'own'), join(root, 'other'), join(root, 'x')];
    await Promise.all([writeFile(own, 'own'), writeFile(other, 'other'), writeFile(target, 'old')]);
    const lock = `${target}.00000000-0000-0000-0000-000000000000.tmp`;
    const stoodStill = renameIf(own, target, async () => {
      await rename(other, lock);
      return true;
    });
    await expect(stoodStill).rejects.toMatchObject({ problem: 'Unavailable' });
    expect(await readFile(target, 'utf8')).toBe('old');
    expect(await readFile(lock, 'utf8')).toBe('other');
  });

  it('says in one line, before a run starts, that it cannot be written', async () => {
    const root = await newRoot();
    await writeFile(join(root, 'file'), 'a file');
    await expect(fileStore(join(root, 'file')).check()).rejects.toThrow(
      `store ${join(root, 'file')} cannot be written (ENOTDIR); make it writable, or name another in LONGWRITER_STORE`,
    );
    await fileStore(join(root, 'new')).check();
    expect(await readdir(join(root, 'new'))).toEqual([]);
  });

  it('uploads the file behind a symbolic link, as the cache of a model hub has them', async () => {
    const [root, cache] = [await newRoot(), await newRoot()];
    await writeFile(join(cache, 'blob'), 'weights');
    await symlink('blob', join(cache, 'model.safetensors'));
    const store = fileStore(root);
    await store.upload('model/model.safetensors', join(cache, 'model.safetensors'));
    await rm(cache, { recursive: true });
    expect(await readFile(join(root, 'model/model.safetensors'), 'utf8')).toBe('weights');
  });
});

describe.skipIf(process.platform !== 'linux')('a directory store where the system lets nobody make a folder', () => {
  it('says so instead of trying for ever', async () => {
    const store = fileStore('/proc/no-such-store');
    await expect(store.createIfAbsent('a/b.json', new Uint8Array())).rejects.toMatchObject({ name: 'StoreError' });
    await expect(store.putView('a/b.json', new Uint8Array())).rejects.toThrow('/proc/no-such-store');
  });
});
