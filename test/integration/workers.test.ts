import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { Client, Connection } from '@temporalio/client';
import getPort from 'get-port';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { fileStore } from '../../activities/io/store/file.ts';
import { PROJECT, readEnvironment } from '../../configs/env.ts';
import { startEndpoint, type Endpoint } from '../../scripts/bench/endpoint.ts';
import { startProgram, type BenchProcess } from '../../scripts/bench/processes.ts';
import { startTemporal, type TemporalServer } from '../../scripts/embedded/temporal.ts';
import { startWorkers, type RunningWorkers } from '../../workers/run-worker.ts';
import { startGeneration } from '../generation-run.ts';
import { missing } from '../parts.ts';

/** The most that a wait may take, milliseconds. */
const LONG = { timeout: 60_000, interval: 50 };

describe.skipIf(missing('services'))('longwriter worker', () => {
  let home: string;
  let temporal: TemporalServer;
  let client: Client;
  let endpoint: Endpoint;
  let pipeline: RunningWorkers;
  const started: BenchProcess[] = [];

  const place = (port: number) => ({
    home,
    project: PROJECT,
    registry: join(home, 'processes'),
    port,
  });
  const variables = () => ({ LONGWRITER_HOME: home, TEMPORAL_ADDRESS: temporal.address });

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'longwriter-workers-'));
    [temporal, endpoint] = await Promise.all([
      startTemporal(place(await getPort({ host: '127.0.0.1' }))),
      startEndpoint({ latencyMs: 1000, sections: 2, words: 80, faults: {} }),
    ]);
    client = new Client({ connection: await Connection.connect({ address: temporal.address }) });
    pipeline = await startWorkers(readEnvironment(variables()), ['pipeline']);
  });
  afterAll(async () => {
    await Promise.all(started.map((one) => one.stop('SIGKILL')));
    await pipeline?.stop();
    await endpoint?.close();
    await client?.connection.close();
    await temporal?.process.stop(0);
    await rm(home, { recursive: true, force: true });
  });

  /** Starts the command; its health is told once it polls. */
  async function startWorker(...args: string[]): Promise<{ process: BenchProcess; health: string }> {
    const all = ['worker', ...args, '--json', '--health', '0'];
    const program = startProgram(join(PROJECT, 'scripts/longwriter.ts'), all, variables());
    started.push(program);
    const { health } = JSON.parse(await program.firstLine) as { health: string };
    return { process: program, health };
  }

  const ask = async (url: string): Promise<{ status: number; body: Record<string, unknown> }> => {
    const response = await fetch(url);
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };

  test('on SIGTERM lets the calls under way end, stores them, and leaves what waits to another worker', async () => {
    const store = fileStore(join(home, 'store'));
    const overrides = ['endpoints.writer.limits.inFlight=2'];
    await startGeneration({ client, store, home, baseUrl: endpoint.baseUrl, run: 'drained', samples: 5, overrides });
    const first = await startWorker('llm', '--endpoint', 'writer', '--shutdown-grace', '20s');
    const { status, body } = await ask(`${first.health}/readyz`);
    expect({ status, body }).toMatchObject({ status: 200, body: { ready: true, roles: ['llm'] } });
    expect(body['queues']).toMatchObject([{ taskQueue: 'longwriter-llm-writer', state: 'RUNNING' }]);

    await vi.waitFor(() => expect(endpoint.stats().inFlight).toBe(2), LONG);
    const exited = once(first.process.child, 'exit');
    first.process.child.kill('SIGTERM');
    await vi.waitFor(
      async () => expect(await ask(`${first.health}/readyz`)).toMatchObject({ status: 503, body: { draining: true } }),
      { timeout: 1000, interval: 20 },
    );
    expect((await ask(`${first.health}/healthz`)).status).toBe(200);
    expect(await exited).toEqual([0, null]);
    const { requests, answered } = endpoint.stats();
    expect({ requests, answered }).toEqual({ requests: 2, answered: 2 });

    const another = await startWorker('llm');
    expect(await client.workflow.getHandle('drained').result()).toMatchObject({ failed: 0 });
    expect(endpoint.stats()).toMatchObject({ paidAgain: 0 });
    // It would take the next test's calls.
    await another.process.stop('SIGKILL');
  });

  test('ends at once where the signal comes a second time', async () => {
    const store = fileStore(join(home, 'store'));
    // Its calls are still under way when the second signal comes, on however busy a machine.
    const slow = await startEndpoint({ sections: 2, words: 40, latencyMs: 120_000, faults: {} });
    await startGeneration({ client, store, home, baseUrl: slow.baseUrl, run: 'cut-off', samples: 5 });
    const { process: program, health } = await startWorker('llm');
    await vi.waitFor(() => expect(slow.stats().inFlight).toBeGreaterThan(0), LONG);
    const exited = once(program.child, 'exit');
    program.child.kill('SIGTERM');
    await vi.waitFor(async () => expect((await ask(`${health}/readyz`)).body).toMatchObject({ draining: true }), LONG);
    program.child.kill('SIGTERM');
    expect(await exited).toEqual([130, null]);
    await slow.close();
    await client.workflow.getHandle('cut-off').terminate();
  });

  test('is not ready while Temporal does not answer, though alive, and is again once it does', async () => {
    const { health } = await startWorker('llm', '--endpoint', 'judge');
    await vi.waitFor(async () => expect((await ask(`${health}/readyz`)).status).toBe(200), LONG);
    const port = Number(temporal.address.split(':')[1]);
    await temporal.process.stop(5000);
    await vi.waitFor(async () => {
      const { status, body } = await ask(`${health}/readyz`);
      expect({ status, body }).toMatchObject({ status: 503, body: { serverAnswers: false, draining: false } });
    }, LONG);
    expect((await ask(`${health}/healthz`)).status).toBe(200);
    temporal = await startTemporal(place(port));
    await vi.waitFor(async () => expect((await ask(`${health}/readyz`)).status).toBe(200), LONG);
  });

  test.concurrent.each([
    ['role "gpus": expected one of pipeline, llm, gpu, all; did you mean "gpu"?', 2, ['gpus'], {}],
    ['no namespace nope', 2, ['llm'], { TEMPORAL_NAMESPACE: 'nope' }],
    ['no Temporal server answers at 127.0.0.1:1', 3, ['llm'], { TEMPORAL_ADDRESS: '127.0.0.1:1' }],
    ['no worker with --build-id 9 polls', 1, ['--promote', '--build-id', '9', '--wait', '1s'], {}],
  ])('says "%s", with exit code %i', async (message, code, args, more) => {
    const script = join(PROJECT, 'scripts/longwriter.ts');
    const program = startProgram(script, ['worker', ...args], { ...variables(), ...more });
    started.push(program);
    const error = await program.firstLine.catch(String);
    expect(error).toContain(message);
    expect(error).not.toMatch(/\n {4}at /);
    expect(program.child.exitCode).toBe(code);
  });
});
