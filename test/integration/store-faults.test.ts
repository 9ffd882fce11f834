import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { gcsStore } from '../../activities/io/store/gcs.ts';
import type { Store } from '../../activities/io/store/store.ts';
import { startFakeGcsServer, type FakeGcsServer } from '../fake-gcs-server.ts';
import { startFaultyProxy, type Fault, type FaultyProxy } from '../faulty-proxy.ts';
import { missing } from '../parts.ts';
import { retriedStore } from '../retried-store.ts';
import { describeStore, listed } from '../store-contract.ts';

const bytes = new TextEncoder().encode('some bytes of an object');
const unavailable = { name: 'StoreError', problem: 'Unavailable' };
const FAULTS: readonly Fault[] = ['503', 'cut-503', 'cut-before', 'cut-request', 'cut-after', 'cut-answer'];

/** One request in four fails, by numbers that are the same in every run (mulberry32). */
function randomFaults(seed: number): () => Fault | undefined {
  let state = seed;
  const random = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return () => (random() < 0.25 ? FAULTS[Math.floor(random() * FAULTS.length)] : undefined);
}

async function readAll(store: Store, path: string): Promise<void> {
  for await (const piece of store.read(path)) expect(piece.byteLength).toBeGreaterThan(0);
}

describe.skipIf(missing('services'))('a bucket behind a bad line', () => {
  let server: FakeGcsServer;
  let proxy: FaultyProxy;
  let local: string;
  let stores = 0;
  const newStore = (): Store => gcsStore(`gs://longwriter/bad-line-${(stores += 1)}`, 500);

  beforeAll(async () => {
    local = await mkdtemp(join(tmpdir(), 'longwriter-faults-'));
    server = await startFakeGcsServer();
    proxy = await startFaultyProxy(server.url);
    vi.stubEnv('STORAGE_EMULATOR_HOST', proxy.url);
  });
  afterEach(() => proxy.schedule(() => undefined));
  afterAll(async () => {
    vi.unstubAllEnvs();
    proxy.close();
    server.stop();
    await rm(local, { recursive: true, force: true });
  });

  /** Lets the next request that matches meet a fault, and no other. */
  function failOnce(fault: Fault, matching = /./): void {
    let isOpen = true;
    proxy.schedule((line) => {
      if (!isOpen || !matching.test(line)) return undefined;
      isOpen = false;
      return fault;
    });
  }

  const seed = 2408_07055;
  describeStore(
    'that is tried again',
    () => {
      proxy.schedule(randomFaults(seed + stores));
      return Promise.resolve(retriedStore(newStore()));
    },
    // Read again from the beginning, an object is held until it is whole.
    100 * 1024 * 1024,
  );

  it('met each fault in that', () => {
    for (const fault of FAULTS) expect(proxy.happened.get(fault) ?? 0, fault).toBeGreaterThan(5);
  });

  describe.each(FAULTS)('with %s', (fault) => {
    it('is unavailable, neither missing nor forbidden, and is not tried again here', async () => {
      const store = newStore();
      // The client may still hold a connection that the last fault broke.
      const setup = retriedStore(store);
      await setup.createIfAbsent('there', bytes);
      const { version } = (await setup.findVersioned('there'))!;
      const file = join(local, 'upload');
      await writeFile(file, bytes);
      const works: [string, () => Promise<unknown>][] = [
        ['find', () => store.find('there')],
        ['find absent', () => store.find('absent')],
        ['read', () => readAll(store, 'there')],
        ['createIfAbsent', () => store.createIfAbsent('new', bytes)],
        ['replace', () => store.replace('there', bytes, version)],
        ['putView', () => store.putView('view', bytes)],
        ['list', () => listed(store, '')],
        ['upload', () => store.upload('uploaded', file)],
        ['download', () => store.download('there', join(local, 'download'))],
        ['remove', () => store.remove('view')],
        ['check', () => store.check()],
      ];
      for (const [name, work] of works) {
        failOnce(fault);
        const before = proxy.requests;
        await expect(work(), name).rejects.toMatchObject(unavailable);
        // None where the client took a connection that the fault before had broken.
        expect(proxy.requests - before, name).toBeLessThanOrEqual(1);
      }
      expect(await readdir(local)).toEqual(['upload']);
      await rm(file);
    });
  });

  it('has created or replaced what only the answer was lost of; made again, the call says false', async () => {
    const store = newStore();
    failOnce('cut-after');
    await expect(store.createIfAbsent('x', bytes)).rejects.toMatchObject(unavailable);
    expect(await store.createIfAbsent('x', bytes)).toBe(false);
    const { value, version } = (await store.findVersioned('x'))!;
    expect(Uint8Array.from(value)).toEqual(bytes);
    failOnce('cut-after');
    await expect(store.replace('x', bytes.subarray(5), version)).rejects.toMatchObject(unavailable);
    expect(await store.replace('x', bytes.subarray(5), version)).toBe(false);
    expect(Uint8Array.from((await store.find('x'))!)).toEqual(bytes.subarray(5));
  });

  it.each<Fault>(['cut-answer', 'short', 'flipped'])('takes no object as whole that came %s', async (fault) => {
    const store = newStore();
    const file = join(local, 'large');
    await writeFile(file, Buffer.alloc(3_000_000, 'weights '));
    await store.upload('large', file);
    const download = join(local, 'broken');
    for (const work of [
      () => store.find('large'),
      () => readAll(store, 'large'),
      () => store.download('large', download),
    ]) {
      failOnce(fault, /alt=media/);
      await expect(work()).rejects.toMatchObject(unavailable);
    }
    expect(await readdir(local)).not.toContain('broken');
    await store.download('large', download);
    expect((await readFile(download)).equals(await readFile(file))).toBe(true);
    await Promise.all([rm(download), rm(file)]);
  });

  it('leaves the old object where a new one broke off on its way', async () => {
    const store = newStore();
    const file = join(local, 'large');
    await writeFile(file, Buffer.alloc(3_000_000, 'weights '));
    await store.putView('large', bytes);
    failOnce('cut-request', /^(PUT|POST) .*(upload_id|uploadType=multipart)/);
    await expect(store.putView('large', Buffer.alloc(3_000_000))).rejects.toMatchObject(unavailable);
    failOnce('cut-request', /upload_id/);
    await expect(store.upload('large', file)).rejects.toMatchObject(unavailable);
    expect(Uint8Array.from((await store.find('large'))!)).toEqual(bytes);
  });
});
