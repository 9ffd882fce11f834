import { spawn } from 'node:child_process';
import { Storage } from '@google-cloud/storage';
import getPort from 'get-port';
import { vi } from 'vitest';
import { PROJECT } from '../configs/env.ts';
import { findFakeGcsServer } from '../scripts/embedded/paths.ts';

/** A real fake-gcs-server in memory, with one bucket, `longwriter`. */
export interface FakeGcsServer {
  readonly url: string;
  createBucket(name: string): Promise<unknown>;
  stop(): void;
}

/** Starts a server and waits until it answers. */
export async function startFakeGcsServer(): Promise<FakeGcsServer> {
  const port = await getPort();
  const url = `http://127.0.0.1:${port}`;
  const flags = { backend: 'memory', scheme: 'http', host: '127.0.0.1', port, 'public-host': `127.0.0.1:${port}` };
  const server = spawn(
    await findFakeGcsServer(PROJECT),
    [...Object.entries(flags), ['external-url', url]].flatMap(([name, value]) => [`-${name}`, String(value)]),
    { stdio: 'ignore' },
  );
  const client = new Storage({ projectId: 'test', apiEndpoint: url });
  await vi.waitFor(() => client.createBucket('longwriter'), { timeout: 20_000 });
  return { url, createBucket: (name) => client.createBucket(name), stop: () => void server.kill('SIGKILL') };
}
