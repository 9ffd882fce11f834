import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import getPort from 'get-port';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { gcsStore } from '../../activities/io/store/gcs.ts';
import { openStore } from '../../activities/io/store/open.ts';
import { PROJECT } from '../../configs/env.ts';
import { startFakeGcsServer, type FakeGcsServer } from '../fake-gcs-server.ts';
import { missing } from '../parts.ts';
import { describeStore, listed } from '../store-contract.ts';

const bytes = new TextEncoder().encode('bytes');

describe.skipIf(missing('services'))('a bucket of a real fake-gcs-server', () => {
  let server: FakeGcsServer;
  let local: string;

  beforeAll(async () => {
    local = await mkdtemp(join(tmpdir(), 'longwriter-gcs-'));
    server = await startFakeGcsServer();
    vi.stubEnv('STORAGE_EMULATOR_HOST', server.url);
  });
  afterAll(async () => {
    server.stop();
    vi.unstubAllEnvs();
    await rm(local, { recursive: true, force: true });
  });

  let stores = 0;
  describeStore('with a prefix', () => Promise.resolve(openStore(`gs://longwriter/store-${(stores += 1)}/deep`)));
  describeStore('without a prefix', async () => {
    await server.createBucket(`whole-${(stores += 1)}`);
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
