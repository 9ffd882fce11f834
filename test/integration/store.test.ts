import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Storage } from '@google-cloud/storage';
import getPort from 'get-port';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { gcsStore } from '../../activities/io/store/gcs.ts';
import { openStore } from '../../activities/io/store/open.ts';
import { PROJECT } from '../../configs/env.ts';
import { findFakeGcsServer } from '../../scripts/embedded/paths.ts';
import { missing } from '../parts.ts';
import { describeStore, listed } from '../store-contract.ts';

const bytes = new TextEncoder().encode('bytes');

describe.skipIf(missing('services'))('a bucket of a real fake-gcs-server', () => {
  let server: ChildProcess;
  let local: string;
  let client: Storage;

  beforeAll(async () => {
    local = await mkdtemp(join(tmpdir(), 'longwriter-gcs-'));
    const port = await getPort();
    const address = `http://127.0.0.1:${port}`;
    const flags = { backend: 'memory', scheme: 'http', host: '127.0.0.1', port, 'public-host': `127.0.0.1:${port}` };
    server = spawn(
      await findFakeGcsServer(PROJECT),
      [...Object.entries(flags), ['external-url', address]].flatMap(([name, value]) => [`-${name}`, String(value)]),
      { stdio: 'ignore' },
    );
    client = new Storage({ projectId: 'test', apiEndpoint: address });
    await vi.waitFor(() => client.createBucket('longwriter'), { timeout: 20_000 });
    vi.stubEnv('STORAGE_EMULATOR_HOST', address);
  });
  afterAll(async () => {
    server.kill('SIGKILL');
    vi.unstubAllEnvs();
    await rm(local, { recursive: true, force: true });
  });

  let stores = 0;
  describeStore('with a prefix', () => Promise.resolve(openStore(`gs://longwriter/store-${(stores += 1)}/deep`)));
  describeStore('without a prefix', async () => {
    await client.createBucket(`whole-${(stores += 1)}`);
    return openStore(`gs://whole-${stores}`);
  });

  it('is named where it does not exist, and never looks like an empty one', async () => {
    const store = gcsStore('gs://no-such-bucket/prefix');
    const failures = [
      store.find('x'),
      store.createIfAbsent('x', bytes),
      store.putView('x', bytes),
      store.upload('x', join(PROJECT, 'package.json')),
      store.download('x', join(local, 'x')),
      listed(store, ''),
    ];
    for (const failure of await Promise.allSettled(failures)) {
      expect(failure).toMatchObject({ status: 'rejected', reason: { name: 'StoreError', problem: 'Missing' } });
      expect((failure as PromiseRejectedResult).reason).toHaveProperty(
        'message',
        expect.stringContaining('gs://no-such-bucket/prefix'),
      );
    }
  });

  it('takes in and gives out a file that is sent in parts', async () => {
    const store = gcsStore('gs://longwriter/large');
    const [there, back] = [join(local, 'there'), join(local, 'back')];
    await writeFile(there, Buffer.alloc(12 * 1024 * 1024, 'weights '));
    await store.upload('model.safetensors', there);
    await store.download('model.safetensors', back);
    expect((await readFile(back)).equals(await readFile(there))).toBe(true);
  });

  it('lists more objects than one answer of the server holds', async () => {
    const store = gcsStore('gs://longwriter/many');
    const paths = Array.from({ length: 1100 }, (_, index) => `folder/${String(index).padStart(4, '0')}`);
    for (let at = 0; at < paths.length; at += 100)
      await Promise.all(paths.slice(at, at + 100).map((path) => store.createIfAbsent(path, bytes)));
    expect(await listed(store, 'folder')).toEqual(paths);
  });
});

describe('a bucket of a server that is gone', () => {
  it('is unavailable, so that the call is tried again, and is told at once', async () => {
    vi.stubEnv('STORAGE_EMULATOR_HOST', `http://127.0.0.1:${await getPort()}`);
    const store = gcsStore('gs://longwriter/prefix');
    const unavailable = { name: 'StoreError', problem: 'Unavailable' };
    await expect(store.find('x')).rejects.toMatchObject(unavailable);
    await expect(store.createIfAbsent('x', bytes)).rejects.toMatchObject(unavailable);
    await expect(listed(store, '')).rejects.toMatchObject(unavailable);
    vi.unstubAllEnvs();
  });
});
