import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { PROJECT } from '../../configs/env.ts';
import { endpointQueue } from '../../domain/names.ts';
import { serviceProgram } from '../../scripts/embedded/paths.ts';
import { followLivePollers, livePollers } from '../../workers/live-pollers.ts';
import { missing } from '../parts.ts';

// What workers say of themselves would bury what a test says.
Runtime.install({ logger: new DefaultLogger('ERROR') });

/** Shorter than a long poll, so that a test need not wait for one to be over. */
const FRESH_MS = 3000;

describe.skipIf(missing('services'))('live pollers of an endpoint', () => {
  let environment: TestWorkflowEnvironment;
  beforeAll(async () => {
    const path = serviceProgram(PROJECT, 'temporal');
    environment = await TestWorkflowEnvironment.createLocal({
      server: { executable: { type: 'existing-path', path } },
    });
  });
  afterAll(() => environment.teardown());

  /** A worker on a connection of its own, as in a process of its own; what is returned ends it. */
  async function startWorker(identity: string): Promise<() => Promise<void>> {
    const connection = await NativeConnection.connect({ address: environment.address });
    const worker = await Worker.create({
      connection,
      identity,
      taskQueue: endpointQueue('writer'),
      activities: { nothing: async () => undefined },
    });
    const running = worker.run();
    return async () => {
      worker.shutdown();
      await running;
      await connection.close();
    };
  }

  test('are two while two workers poll, and one once the other has been gone for a while', async () => {
    const query = {
      connection: environment.nativeConnection,
      namespace: environment.namespace ?? 'default',
      taskQueue: endpointQueue('writer'),
    };
    const counts: number[] = [];
    expect(await livePollers(query)).toBe(0);
    const stopOne = await startWorker('1@a');
    const stopTwo = await startWorker('2@a');
    await vi.waitFor(async () => expect(await livePollers(query)).toBe(2), { timeout: 10_000, interval: 100 });
    const stopFollowing = followLivePollers(query, (workers) => counts.push(workers));
    await vi.waitFor(() => expect(counts).toEqual([2]), { timeout: 10_000 });
    await stopFollowing();

    await Promise.all([stopOne(), stopTwo()]);
    await vi.waitFor(async () => expect(await livePollers(query, FRESH_MS)).toBe(0), {
      timeout: 10_000,
      interval: 100,
    });
    const stopOneAgain = await startWorker('1@a');
    await vi.waitFor(async () => expect(await livePollers(query, FRESH_MS)).toBe(1), {
      timeout: 10_000,
      interval: 100,
    });
    expect(await livePollers({ ...query, taskQueue: endpointQueue('judge') })).toBe(0);
    await stopOneAgain();
  });

  test('are unknown, not none, where the server does not answer', async () => {
    const counts: number[] = [];
    const query = { connection: environment.nativeConnection, namespace: 'no-such-namespace', taskQueue: 'q' };
    await expect(livePollers(query)).rejects.toThrow(/not found/i);
    await followLivePollers(query, (workers) => counts.push(workers))();
    expect(counts).toEqual([]);
  });
});
