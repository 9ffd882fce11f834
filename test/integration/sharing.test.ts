import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import getPort from 'get-port';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { fileStore } from '../../activities/io/store/file.ts';
import { PROJECT, readEnvironment } from '../../configs/env.ts';
import { ledgerFolder } from '../../domain/keys.ts';
import { startEndpoint, type Endpoint } from '../../scripts/bench/endpoint.ts';
import { startProgram } from '../../scripts/bench/processes.ts';
import { startTemporal, type TemporalServer } from '../../scripts/embedded/temporal.ts';
import { describeRun, findConfig, goOn, type RunOptions } from '../../scripts/runs.ts';
import { startWorkers, type RunningWorkers } from '../../workers/run-worker.ts';
import { startGeneration } from '../generation-run.ts';
import { missing } from '../parts.ts';

Runtime.install({ logger: new DefaultLogger('ERROR') });

const LONG = { timeout: 60_000, interval: 50 };

describe.skipIf(missing('services'))('runs that share an endpoint', () => {
  let home: string;
  let temporal: TemporalServer;
  let client: Client;
  let endpoint: Endpoint;
  let workers: RunningWorkers | undefined;

  const variables = () => ({ LONGWRITER_HOME: home, TEMPORAL_ADDRESS: temporal.address });
  const store = () => fileStore(join(home, 'store'));

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'longwriter-sharing-'));
    const place = {
      home,
      project: PROJECT,
      registry: join(home, 'processes'),
      port: await getPort({ host: '127.0.0.1' }),
    };
    [temporal, endpoint] = await Promise.all([
      startTemporal(place),
      startEndpoint({ latencyMs: 200, sections: 2, words: 80, faults: {} }),
    ]);
    client = new Client({ connection: await Connection.connect({ address: temporal.address }) });
  });
  afterEach(() => workers?.stop());
  afterAll(async () => {
    await endpoint?.close();
    await client?.connection.close();
    await temporal?.process.stop(0);
    await rm(home, { recursive: true, force: true });
  });

  /** Calls that a run has paid for. */
  async function callsOf(run: string): Promise<number> {
    let calls = 0;
    for await (const _ of store().list(ledgerFolder(run))) calls++;
    return calls;
  }

  // With 200 tasks all calls wait in the worker; with 12 most of them wait at the server.
  test.each([200, 12])('make calls alike, whatever their windows, with %i tasks in a worker', async (maxActivities) => {
    workers = await startWorkers(readEnvironment(variables()), ['pipeline', 'llm'], { maxActivities });
    const [many, few] = [`many-${maxActivities}`, `few-${maxActivities}`];
    const start = (run: string, samples: number, window: number) =>
      startGeneration({
        ...{ client, store: store(), home, baseUrl: endpoint.baseUrl, run, samples },
        overrides: [`generation.window=${window}`, 'endpoints.writer.limits.inFlight=4'],
      });
    await start(many, 110, 96);
    await vi.waitFor(async () => expect(await callsOf(many)).toBeGreaterThan(0), LONG);
    await start(few, 40, 24);
    await vi.waitFor(async () => expect(await callsOf(few)).toBeGreaterThan(10), LONG);
    const before = await Promise.all([callsOf(many), callsOf(few)]);
    await vi.waitFor(async () => expect(await callsOf(few)).toBeGreaterThan(45), LONG);
    const after = await Promise.all([callsOf(many), callsOf(few)]);
    const made = { many: after[0] - before[0], few: after[1] - before[1] };
    // By windows it would be four.
    expect(made.many / made.few).toBeGreaterThan(0.6);
    expect(made.many / made.few).toBeLessThan(1.7);
    for (const run of [many, few]) await client.workflow.getHandle(run).terminate();
  });

  test('let an urgent evaluation pass one of many prompts, which then goes on', async () => {
    workers = await startWorkers(readEnvironment(variables()), ['pipeline', 'llm']);
    await evaluate('alone', 16, '3');
    const alone = await secondsOf('alone');
    await evaluate('bulk', 200, '4');
    await vi.waitFor(async () => expect(await callsOf('bulk')).toBeGreaterThan(40), LONG);
    await evaluate('urgent', 16, '1');
    const urgent = await secondsOf('urgent');
    // In order of arrival it would wait for the 190 calls in line before it, twice.
    expect(urgent).toBeLessThan(alone + 4);
    expect((await describeRun(client, 'bulk'))?.status.name).toBe('RUNNING');
  });

  test('are as urgent after a resume as before, or as they are told then', async () => {
    workers = await startWorkers(readEnvironment(variables()), ['pipeline', 'llm']);
    const frozen = (await findConfig(store(), 'bulk'))!;
    const resume = async (options: RunOptions) => {
      await goOn({ client, store: store() }, 'bulk', frozen, { ...options, again: true });
      const priority = (await describeRun(client, 'bulk'))!.priority!;
      expect(priority.fairnessKey).toBe('bulk');
      return priority.priorityKey;
    };
    expect(await resume({})).toBe(4);
    expect(await resume({ priority: 2 })).toBe(2);
    expect(await resume({})).toBe(2);
    await client.workflow.getHandle('bulk').terminate();
  });

  /** Seconds that a run took from its start to its end, which is waited for. */
  async function secondsOf(run: string): Promise<number> {
    await client.workflow.getHandle(run).result();
    const { startTime, closeTime } = (await describeRun(client, run))!;
    return (closeTime!.getTime() - startTime.getTime()) / 1000;
  }

  async function evaluate(run: string, prompts: number, priority: string): Promise<void> {
    const benchmark = join(home, `${run}.jsonl`);
    const rows = Array.from({ length: prompts }, (_, index) => ({
      prompt: `Write a text on ${run} ${index}.`,
      type: 'story',
      length: 80,
    }));
    await writeFile(benchmark, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    const { baseUrl } = endpoint;
    const limits = ['endpoints.judge', 'evaluation.endpoints.fixed'].flatMap((at) => [
      '--set',
      `${at}.limits.inFlight=4`,
    ]);
    const args = [
      ...['evaluate', '--run', run, '--benchmark', benchmark, '--priority', priority],
      ...['--endpoint', `fixed=answers@${baseUrl}`, '--judge-url', baseUrl, '--judge-model', 'fixed'],
      ...['--set', 'judge.mode=schema', '--set', 'generation.window=192', ...limits],
    ];
    const command = startProgram(join(PROJECT, 'scripts/longwriter.ts'), args, variables());
    expect(await command.firstLine).toContain(`run ${run} started`);
  }
});
