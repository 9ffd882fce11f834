import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openStore } from '../../activities/io/store/open.ts';
import { PROJECT } from '../../configs/env.ts';
import { startFakeGcsServer, type FakeGcsServer } from '../fake-gcs-server.ts';
import { startFaultyProxy, type FaultyProxy } from '../faulty-proxy.ts';
import { missing } from '../parts.ts';
import { listed } from '../store-contract.ts';

const bytes = new TextEncoder().encode('bytes');

/** The permission that Google asks for a request; creating where something may be is overwriting, which deletes, too. */
function permissionsOf(line: string): string[] {
  const [method = '', url = ''] = line.split(' ');
  const { pathname, searchParams } = new URL(url, 'http://bucket');
  const object = (name: string): string => `storage.objects.${name}`;
  if (method === 'GET' && pathname === '/storage/v1/b/longwriter/o') return [object('list')];
  if (method === 'GET' && pathname.startsWith('/storage/v1/b/longwriter/o/') && searchParams.get('alt') === 'media')
    return [object('get')];
  if (['POST', 'PUT'].includes(method) && pathname === '/upload/storage/v1/b/longwriter/o')
    return searchParams.get('ifGenerationMatch') === '0' ? [object('create')] : [object('create'), object('delete')];
  if (method === 'DELETE' && pathname.startsWith('/storage/v1/b/longwriter/o/')) return [object('delete')];
  return [line];
}

describe.skipIf(missing('services'))('the permissions that a bucket needs', () => {
  let server: FakeGcsServer;
  let proxy: FaultyProxy;
  let local: string;
  beforeAll(async () => {
    local = await mkdtemp(join(tmpdir(), 'longwriter-permissions-'));
    server = await startFakeGcsServer();
    proxy = await startFaultyProxy(server.url);
    vi.stubEnv('STORAGE_EMULATOR_HOST', proxy.url);
  });
  afterAll(async () => {
    proxy?.close();
    server?.stop();
    vi.unstubAllEnvs();
    await rm(local, { recursive: true, force: true });
  });

  test('are those that docs/operations.md names, whatever a store does', async () => {
    const asked = new Set<string>();
    proxy.schedule((line) => {
      for (const permission of permissionsOf(line)) asked.add(permission);
      return undefined;
    });
    const store = openStore('gs://longwriter/prefix');
    await store.check();
    await store.createIfAbsent('a', bytes);
    await store.createIfAbsent('a', bytes);
    const { version } = (await store.findVersioned('a'))!;
    await store.replace('a', bytes, version);
    await store.putView('a', bytes);
    expect(await store.find('nothing')).toBeUndefined();
    await writeFile(join(local, 'large'), Buffer.alloc(9_000_000));
    await store.upload('large', join(local, 'large'));
    await store.download('large', join(local, 'back'));
    for await (const piece of store.read('a')) expect(piece).toBeDefined();
    for await (const { sizeBytes } of store.describe('')) expect(sizeBytes).toBeGreaterThan(0);
    expect(await listed(store, '')).toEqual(['a', 'large']);
    await store.remove('a');
    const text = await readFile(join(PROJECT, 'docs/operations.md'), 'utf8');
    const documented = [...text.matchAll(/^\| (storage\.objects\.\w+) \|/gmu)].map(([, permission]) => permission!);
    expect([...asked].toSorted()).toEqual(documented.toSorted());
    expect(text).toContain(
      '--permissions=storage.objects.list,storage.objects.get,storage.objects.create,storage.objects.delete',
    );
  });
});
