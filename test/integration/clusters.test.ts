import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PROJECT, readEnvironment } from '../../configs/env.ts';
import { openSession } from '../../scripts/connect.ts';
import { serviceProgram } from '../../scripts/embedded/paths.ts';
import { startWorkers } from '../../workers/run-worker.ts';
import { missing } from '../parts.ts';
import { makeCertificates, startTlsProxy, type Certificates, type TlsProxy } from '../tls-proxy.ts';

const KEY = 'key-of-the-cluster';

describe.skipIf(missing('services'))('a cluster of somebody else', () => {
  let home: string;
  let temporal: TestWorkflowEnvironment;
  let certificates: Certificates;
  let mutual: TlsProxy;
  let keyed: TlsProxy;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'longwriter-clusters-'));
    temporal = await TestWorkflowEnvironment.createLocal({
      server: { executable: { type: 'existing-path', path: serviceProgram(PROJECT, 'temporal') } },
    });
    certificates = makeCertificates(join(home, 'certificates'));
    mutual = await startTlsProxy(temporal.address, certificates, 'certificate');
    keyed = await startTlsProxy(temporal.address, certificates, { apiKey: KEY });
  });
  afterAll(async () => {
    mutual?.close();
    keyed?.close();
    await temporal?.teardown();
    await rm(home, { recursive: true, force: true });
  });

  const byCertificate = () => ({
    TEMPORAL_ADDRESS: mutual.address,
    TEMPORAL_TLS_SERVER_CA_CERT_PATH: certificates.authority,
    TEMPORAL_TLS_CLIENT_CERT_PATH: certificates.client.cert,
    TEMPORAL_TLS_CLIENT_KEY_PATH: certificates.client.key,
  });
  const environment = (env: Record<string, string>) => readEnvironment({ LONGWRITER_HOME: home, ...env });

  /** Reaches the server by a command's connection, and by a worker's. */
  async function reach(env: Record<string, string>): Promise<void> {
    const session = await openSession(environment(env));
    await session.client.workflowService.describeNamespace({ namespace: 'default' });
    await session.close();
    const workers = await startWorkers(environment(env), ['gpu']);
    await workers.stop();
  }

  test('is reached over TLS with a certificate', async () => {
    await reach(byCertificate());
    await reach({ ...byCertificate(), TEMPORAL_TLS_SERVER_NAME: 'temporal.test' });
  });

  test('is reached with an API key of a profile', async () => {
    const file = join(home, 'temporal.toml');
    await writeFile(
      file,
      `[profile.cloud]\naddress = "${keyed.address}"\napi_key = "${KEY}"\n[profile.cloud.tls]\nserver_ca_cert_path = "${certificates.authority}"\n`,
    );
    await reach({ TEMPORAL_CONFIG_FILE: file, TEMPORAL_PROFILE: 'cloud' });
  });

  test.each<[string, () => Record<string, string>, number, RegExp]>([
    [
      'an expired key',
      () => ({
        TEMPORAL_ADDRESS: keyed.address,
        TEMPORAL_API_KEY: 'expired',
        TEMPORAL_TLS_SERVER_CA_CERT_PATH: certificates.authority,
      }),
      2,
      /refuses the API key: it may have expired/,
    ],
    ['a plain client', () => ({ TEMPORAL_ADDRESS: keyed.address }), 3, /speaks TLS; set TEMPORAL_TLS=true/],
    [
      'TLS with a plain server',
      () => ({ TEMPORAL_ADDRESS: temporal.address, TEMPORAL_TLS: 'true' }),
      3,
      /does not speak TLS; set TEMPORAL_TLS=false/,
    ],
    [
      'an authority that is not known',
      () => ({ TEMPORAL_ADDRESS: keyed.address, TEMPORAL_API_KEY: KEY }),
      3,
      /TLS with the server at .* fails: .*; see TEMPORAL_TLS_SERVER_CA_CERT_PATH/,
    ],
    [
      'a namespace that is not there',
      () => ({ TEMPORAL_ADDRESS: temporal.address, TEMPORAL_NAMESPACE: 'nowhere' }),
      2,
      /no namespace nowhere; set TEMPORAL_NAMESPACE, or create it/,
    ],
    ['no server', () => ({ TEMPORAL_ADDRESS: '127.0.0.1:9' }), 3, /no Temporal server answers at localhost:9;/],
    ['a profile that is not there', () => ({ TEMPORAL_PROFILE: 'prod' }), 2, /Profile 'prod' not found/],
  ])('tells %s in one line', async (_, env, exitCode, message) => {
    const { status, stderr } = await command(byName(env()));
    expect([status, stderr]).toEqual([exitCode, expect.stringMatching(message)]);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).not.toContain(KEY);
  });

  test('is told apart from a server of another kind', async () => {
    const other = createServer((socket) => socket.on('error', () => undefined).end('220 mail\r\n'));
    await new Promise<void>((listening) => other.listen(0, '127.0.0.1', listening));
    const address = other.address();
    const { port } = address as { port: number };
    await expect(openSession(environment({ TEMPORAL_ADDRESS: `127.0.0.1:${port}` }))).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringContaining('does not answer as a Temporal server'),
    });
    other.close();
  });

  /** By name, as clusters are: of TLS with a bare IP address Node itself warns. */
  const byName = (env: Record<string, string>): Record<string, string> => ({
    ...env,
    ...(env['TEMPORAL_ADDRESS'] && { TEMPORAL_ADDRESS: env['TEMPORAL_ADDRESS'].replace('127.0.0.1', 'localhost') }),
  });

  /** A command in a process of its own; not waited for in this one's only thread, where the proxies live. */
  async function command(env: Record<string, string>): Promise<{ status: number | null; stderr: string }> {
    const args = ['--import', 'tsx', join(PROJECT, 'scripts/longwriter.ts'), 'pause', 'letters'];
    const { PATH = '' } = process.env;
    const child = spawn(process.execPath, args, { cwd: PROJECT, env: { PATH, LONGWRITER_HOME: home, ...env } });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const status = await new Promise<number | null>((closed) => child.once('close', closed));
    return { status, stderr };
  }
});
