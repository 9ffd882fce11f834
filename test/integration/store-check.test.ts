import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createBlackHole, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import getPort from 'get-port';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { PROJECT } from '../../configs/env.ts';
import { startFakeGcsServer } from '../fake-gcs-server.ts';
import { missing } from '../parts.ts';

let home: string;
const servers: { close(): unknown }[] = [];
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'longwriter-check-'));
});
afterEach(() => servers.splice(0).forEach((server) => server.close()));
afterAll(() => rm(home, { recursive: true, force: true }));

/** `npm start` with a store: its exit code, what it said, and how long it took in milliseconds. */
function start(storeUrl: string, env: NodeJS.ProcessEnv): Promise<{ code: unknown; err: string; ms: number }> {
  const options = {
    cwd: PROJECT,
    env: { PATH: process.env['PATH'], HOME: home, LONGWRITER_HOME: home, LONGWRITER_STORE: storeUrl, ...env },
  };
  const began = Date.now();
  return new Promise((done) => {
    execFile(process.execPath, ['--import', 'tsx', 'scripts/quickstart.ts'], options, (error, _, err) =>
      done({ code: error?.code, err, ms: Date.now() - began }),
    );
  });
}

async function listen(server: Server | ReturnType<typeof createBlackHole>): Promise<string> {
  servers.push(server);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const answering = async (listener: RequestListener): Promise<string> =>
  `http://${await listen(createServer({ keepAlive: false }, listener))}`;

const GS = 'gs://longwriter-no-such-bucket/prefix';

/** One line of what, where and what to do, exit code 2 where a setting is wrong, and nothing written. */
async function expectRefused(
  storeUrl: string,
  env: NodeJS.ProcessEnv,
  line: string | RegExp,
  exitCode = 2,
): Promise<number> {
  const { code, err, ms } = await start(storeUrl, env);
  expect(err).toMatch(line);
  expect(err.trimEnd().split('\n')).toHaveLength(1);
  expect(err).toContain(`longwriter: store ${storeUrl}`);
  expect(code).toBe(exitCode);
  expect(await readdir(home)).toEqual([]);
  return ms;
}

describe('before a run starts, a store that cannot be used', () => {
  it.skipIf(missing('services'))('is named where the bucket is missing', async () => {
    const server = await startFakeGcsServer();
    servers.push({ close: () => server.stop() });
    const advice = 'bucket longwriter-no-such-bucket does not exist; create it, or name another in LONGWRITER_STORE';
    await expectRefused(GS, { STORAGE_EMULATOR_HOST: server.url }, advice);
  });

  it.each([401, 403])('is named where the bucket answers %i', async (status) => {
    const url = await answering((_, response) => response.writeHead(status).end('{"error": {"message": "no"}}'));
    await expectRefused(GS, { STORAGE_EMULATOR_HOST: url }, /forbidden to these credentials; give .*objectUser on it/);
  });

  it('is named where no emulator answers', async () => {
    const url = `http://127.0.0.1:${await getPort()}`;
    await expectRefused(
      GS,
      { STORAGE_EMULATOR_HOST: url },
      /does not answer .*ECONNREFUSED.*; start the emulator, or/,
      1,
    );
  });

  it('is named where an emulator takes the connection and says nothing, in seconds', async () => {
    const url = `http://${await listen(createBlackHole(() => {}))}`;
    const ms = await expectRefused(GS, { STORAGE_EMULATOR_HOST: url }, /does not answer \(network timeout/, 1);
    expect(ms).toBeLessThan(20_000);
  });

  it('says that the file of the credentials is not there', async () => {
    const env = { GOOGLE_APPLICATION_CREDENTIALS: '/no/such/key.json' };
    const ms = await expectRefused(GS, env, /no Google credentials \(.*\/no\/such\/key\.json.*\); run gcloud auth/);
    expect(ms).toBeLessThan(10_000);
  });

  it('says that there are no credentials, also where nothing answers for the machine’s own, in seconds', async () => {
    const env = { GCE_METADATA_HOST: await listen(createBlackHole(() => {})), NODE_NO_WARNINGS: '1' };
    const ms = await expectRefused(GS, env, /no Google credentials; run gcloud auth application-default login, or let/);
    expect(ms).toBeLessThan(15_000);
  });

  it('is named where a directory cannot be written', async () => {
    await expectRefused(join(PROJECT, 'package.json', 'store'), {}, /cannot be written \(ENOTDIR\); make it writable/);
  });
});
