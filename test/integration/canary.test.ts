import { spawn, type ChildProcess } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import getPort from 'get-port';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dataConverter } from '../../activities/io/temporal/codec.ts';
import { PROJECT, readEnvironment } from '../../configs/env.ts';
import { startEndpoint, type Endpoint } from '../../scripts/bench/endpoint.ts';
import { serviceProgram } from '../../scripts/embedded/paths.ts';
import { leftInFolder, leftInTemporal } from '../left-behind.ts';
import { missing } from '../parts.ts';
import { startQuotingEndpoint, type QuotingEndpoint } from '../quoting-endpoint.ts';

const canary = (name: string): string => `canary-${name}-${randomBytes(8).toString('hex')}`;

/** Every secret that a process may hold, each with a value that is nowhere else. */
const SECRETS = {
  WRITER_KEY: canary('writer'),
  JUDGE_KEY: canary('judge'),
  HOOK_SECRET: canary('hook'),
  LONGWRITER_CODEC_TOKEN: canary('token'),
  TEMPORAL_API_KEY: canary('temporal'),
};
const CODEC_KEY = randomBytes(32).toString('base64');
const MARK = canary('instruction');
const CLI = ['--import', 'tsx', join(PROJECT, 'scripts/longwriter.ts')];

describe.skipIf(missing('services'))('what a run leaves behind', () => {
  let home: string;
  let temporal: TestWorkflowEnvironment;
  let endpoint: Endpoint;
  let quoting: QuotingEndpoint;
  const said = new Map<string, string>();
  const children: ChildProcess[] = [];

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'longwriter-canary-'));
    temporal = await TestWorkflowEnvironment.createLocal({
      server: {
        executable: { type: 'existing-path', path: serviceProgram(PROJECT, 'temporal') },
        extraArgs: ['--namespace', 'sealed'],
      },
    });
    endpoint = await startEndpoint({ sections: 2, words: 60, latencyMs: 10, faults: {} });
    quoting = await startQuotingEndpoint(endpoint.baseUrl, []);
    const rows = [0, 1].map((index) =>
      JSON.stringify({ prompt: `Write a long text about ${MARK} and part ${index}.` }),
    );
    await writeFile(join(home, 'instructions.jsonl'), `${rows.join('\n')}\n`);
  });
  afterAll(async () => {
    await Promise.all(children.map(end));
    quoting?.close();
    await endpoint?.close();
    await temporal?.teardown();
    await rm(home, { recursive: true, force: true });
  });

  const variables = (more: Record<string, string>) => ({
    PATH: process.env['PATH'] ?? '',
    LONGWRITER_HOME: home,
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_TLS: 'false',
    ...SECRETS,
    ...more,
  });

  function begin(name: string, args: readonly string[], env: Record<string, string> = {}): ChildProcess {
    const child: ChildProcess = spawn(process.execPath, args, { cwd: PROJECT, env: variables(env), stdio: 'pipe' });
    children.push(child);
    const hear = (chunk: Buffer) => said.set(name, (said.get(name) ?? '') + chunk.toString());
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    return child;
  }
  async function startWorker(name: string, env: Record<string, string> = {}): Promise<ChildProcess> {
    const child = begin(name, ['--import', 'tsx', join(PROJECT, 'test/worker-process.ts')], env);
    await new Promise<void>((polling, failed) => {
      child.once('exit', () => failed(new Error(said.get(name) ?? 'the worker ended')));
      child.stdout!.on('data', () => {
        if (said.get(name)?.includes('polling')) polling();
      });
    });
    return child;
  }
  async function longwriter(args: readonly string[], env: Record<string, string> = {}): Promise<number | null> {
    const child = begin(args.join(' '), [...CLI, ...args], env);
    return new Promise((resolve) => child.once('close', resolve));
  }
  /** A namespace and a store of its own: with another run's answers there would be no call. */
  const sealedSettings = () => ({
    TEMPORAL_NAMESPACE: 'sealed',
    LONGWRITER_CODEC_KEYS: `one:${CODEC_KEY}`,
    LONGWRITER_STORE: join(home, 'sealed-store'),
  });
  const startRun = (run: string, env: Record<string, string> = {}) =>
    longwriter(
      ['start', '--config', 'scripts/bench/generate.yaml', '--run', run, '--until', 'dataset'].concat(
        [
          `instructions.sources=[{file: ${join(home, 'instructions.jsonl')}}]`,
          ...['writer', 'judge'].flatMap((name) => [
            `endpoints.${name}.baseUrl=${quoting.baseUrl}`,
            `endpoints.${name}.apiKeyEnv=${name.toUpperCase()}_KEY`,
          ]),
        ].flatMap((value) => ['--set', value]),
      ),
      env,
    );
  const schedule = (...args: readonly string[]) => longwriter(['schedule', ...args]);
  /** A schedule that evaluates the writer, with a judge and a webhook that have secrets of their own. */
  async function scored(): Promise<string[]> {
    const benchmark = join(home, 'benchmark.jsonl');
    await writeFile(benchmark, `${JSON.stringify({ prompt: `Write on ${MARK}.`, length: 60, type: 'Other' })}\n`);
    return [
      ...['create', '--id', 'scored', '--every', '24h', '--benchmark', benchmark, '--set', 'judge.mode=schema'],
      ...['--endpoint', `api=answers@${quoting.baseUrl}`, '--endpoint-key-env', 'api=WRITER_KEY'],
      ...['--judge-url', quoting.baseUrl, '--judge-model', 'fixed', '--judge-key-env', 'JUDGE_KEY'],
      ...['--webhook', new URL('/hook', quoting.baseUrl).href, '--webhook-secret-env', 'HOOK_SECRET'],
    ];
  }
  /** Asks a codec server with a wrong token and with the right one. */
  async function askCodecServer(): Promise<void> {
    const port = await getPort();
    const child = begin('codec-server', [...CLI, 'codec-server', '--port', String(port)], {
      LONGWRITER_CODEC_KEYS: `one:${CODEC_KEY}`,
    });
    const ask = async (token: string) => {
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
      const answer = await fetch(`http://127.0.0.1:${port}/decode`, {
        method: 'POST',
        headers,
        body: '{"payloads":[]}',
      });
      said.set('codec-server', `${said.get('codec-server')}${await answer.text()}`);
      return answer.status;
    };
    await expect.poll(() => ask(SECRETS.LONGWRITER_CODEC_TOKEN).catch(() => 0), { timeout: 20_000 }).toBe(200);
    expect(await ask('another')).toBe(401);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await ended;
  }
  const status = async (run: string, env: Record<string, string> = {}) => {
    const name = `status ${run} --json`;
    said.delete(name);
    await longwriter(['status', run, '--json'], env);
    return JSON.parse(said.get(name)!) as { state: string; message: string };
  };

  test('holds no secret anywhere, and no instruction outside the store', async () => {
    quoting.errors.push(500, 401);
    await startWorker('worker');
    expect(await startRun('plain')).toBe(0);
    await expect.poll(async () => (await status('plain')).state, { timeout: 60_000, interval: 500 }).toBe('paused');
    expect((await status('plain')).message).toMatch(/Unauthorized.*Incorrect API key provided: \[key\]/);
    for (const args of [['pause', 'plain'], ['status', 'plain'], ['resume', 'plain'], ['--help'], ['report', 'plain']])
      await longwriter(args);
    await temporal.client.workflow.getHandle('plain').result();
    expect((await status('plain')).state).toBe('completed');
    // A firing that fails is told to the webhook, and the next one is judged and ends in a report.
    expect(await schedule(...(await scored()))).toBe(0);
    quoting.errors.push(401);
    expect(await schedule('trigger', 'scored', '--watch')).toBe(1);
    expect(await schedule('trigger', 'scored', '--watch')).toBe(0);
    await expect.poll(() => quoting.hooked.length).toBe(1);
    const [{ body, signature }] = quoting.hooked as [(typeof quoting.hooked)[0]];
    expect(signature).toBe(`sha256=${createHmac('sha256', SECRETS.HOOK_SECRET).update(body).digest('hex')}`);
    said.set('webhook', body);
    expect(await longwriter(['report', 'scored', '--out', join(home, 'report')])).toBe(0);
    expect([...quoting.keys]).toEqual(expect.arrayContaining([SECRETS.WRITER_KEY, SECRETS.JUDGE_KEY]));
    await askCodecServer();

    const inTemporal = await leftInTemporal(temporal.client);
    expect(inTemporal.size).toBeGreaterThan(5);
    expect([...inTemporal.values()].join('')).toContain('Incorrect API key provided: [key]');
    const inFiles = await leftInFolder(home);
    const places = [...inTemporal, ...inFiles, ...said];
    for (const [name, secret] of Object.entries(SECRETS))
      expect([name, places.filter(([, text]) => text.includes(secret)).map(([place]) => place)]).toEqual([name, []]);
    const store = join(home, 'store');
    const holders = places.filter(([, text]) => text.includes(MARK)).map(([place]) => place);
    expect(holders.filter((place) => place.startsWith(store)).length).toBeGreaterThan(2);
    expect(holders.filter((place) => !place.startsWith(home))).toEqual([]);
    const logs = [...inFiles].filter(([file]) => file.includes('/logs/') || file.endsWith('.log'));
    expect(logs.filter(([, text]) => text.includes(MARK))).toEqual([]);
  });

  test('is sealed with a codec, failures and memos too, and read back with its key', async () => {
    const sealed = sealedSettings();
    quoting.errors.push(500, 401);
    const worker = await startWorker('sealed worker', sealed);
    expect(await startRun('secretive', sealed)).toBe(0);
    await expect
      .poll(async () => (await status('secretive', sealed)).state, { timeout: 60_000, interval: 500 })
      .toBe('paused');
    await longwriter(['resume', 'secretive'], sealed);
    const converter = dataConverter(readEnvironment(variables(sealed)));
    const client = new Client({ connection: temporal.connection, namespace: 'sealed', dataConverter: converter });
    await client.workflow.getHandle('secretive').result();
    expect((await client.workflow.getHandle('secretive').describe()).memo).toBeDefined();

    // Search attributes are for the server to read.
    const left = [...(await leftInTemporal(client, ['searchAttributes'])).values()].join('');
    expect(left).toContain('binary/encrypted');
    expect(left).toContain('Encoded failure');
    const plain = left.split('\n').filter((line) => /json\/plain|Incorrect API key|\.ts:\d/.test(line));
    expect(plain).toEqual([]);
    const everywhere = [left, ...(await leftInFolder(home)).values(), ...said.values()].join('');
    expect(everywhere).not.toContain(CODEC_KEY);
    await end(worker);
  });

  test('is told to be sealed by a worker and a command without the key', async () => {
    const env = { TEMPORAL_NAMESPACE: 'sealed', LONGWRITER_STORE: join(home, 'sealed-store') };
    expect(await longwriter(['pause', 'secretive'], env)).not.toBe(0);
    expect(said.get('pause secretive')).toMatch(/LONGWRITER_CODEC_KEYS/);
    expect(said.get('pause secretive')).not.toContain('    at ');

    const worker = await startWorker('worker without a key', env);
    expect(await startRun('waiting', sealedSettings())).toBe(0);
    await expect
      .poll(() => said.get('worker without a key'), { timeout: 30_000 })
      .toMatch(/LONGWRITER_CODEC_KEYS lacks/);
    await temporal.connection.workflowService.terminateWorkflowExecution({
      namespace: 'sealed',
      workflowExecution: { workflowId: 'waiting' },
    });
    await end(worker);
  });
});

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.stdin?.end();
  await ended;
}
