import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApplicationFailure } from '@temporalio/common';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { NativeConnection, Worker, type WorkerOptions, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { ActivityDeps } from '../../activities/deps.ts';
import { createGpuActivities, createLlmActivities, createPipelineActivities } from '../../activities/index.ts';
import { openStore } from '../../activities/io/store/open.ts';
import { codeVersion } from '../../configs/code-version.ts';
import { PROJECT, readEnvironment, type Environment } from '../../configs/env.ts';
import { loadConfig } from '../../configs/load.ts';
import type { Finding } from '../../domain/doctor.ts';
import { ENDPOINT_NAMES, endpointQueue, GPU_QUEUE, PIPELINE_QUEUE } from '../../domain/names.ts';
import { examine, type Examination } from '../../scripts/doctor/examine.ts';
import { busyNodes } from '../../scripts/doctor/busy-nodes.ts';
import { listQueues } from '../../scripts/doctor/queues.ts';
import { LEAST_NEEDS, needsOf } from '../../scripts/doctor/needs.ts';
import { serviceProgram } from '../../scripts/embedded/paths.ts';
import { queueFinding } from '../../domain/queue-findings.ts';
import { activityDeps } from '../../workers/deps.ts';
import { endpointPacers } from '../../workers/endpoint-pacers.ts';
import { missing } from '../parts.ts';
import { bundleWorkflows } from './environment.ts';

/** In what a test's workers differ from whole ones of this code. */
interface WorkersLike {
  readonly code?: string;
  readonly storeUrl?: string;
  /** A release that knew of no such workflow, or activity. */
  readonly lacks?: 'workflow' | 'activity';
  /** What happens once one of the pipeline has looked around. */
  readonly looked?: () => void;
}

const WAIT_MS = 2000;

describe.skipIf(missing('services'))('longwriter doctor', () => {
  let home: string;
  let temporal: TestWorkflowEnvironment;
  let environment: Environment;
  let bundle: WorkflowBundleWithSourceMap;
  let stop: (() => Promise<void>) | undefined;
  const bundleOlder = { code: '' };

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'longwriter-doctor-'));
    [temporal, bundle] = await Promise.all([
      TestWorkflowEnvironment.createLocal({
        server: { executable: { type: 'existing-path', path: serviceProgram(PROJECT, 'temporal') } },
      }),
      bundleWorkflows(),
    ]);
    // The same bundle under which another release might have been: there is no workflow of that name.
    bundleOlder.code = bundle.code.replaceAll('doctor: () => ', 'patient: () => ');
    const python = join(home, 'python');
    const report = JSON.stringify({ versions: { python: '3.12' }, devices: [], driver: false });
    await writeFile(python, `#!/bin/sh\necho '${report}'\n`, { mode: 0o755 });
    environment = {
      ...readEnvironment({ LONGWRITER_HOME: home, LONGWRITER_TRAINER_PYTHON: python, PATH: '/usr/bin:/bin' }),
      temporalAddress: temporal.address,
    };
  });
  afterEach(async () => {
    await stop?.();
    stop = undefined;
  });
  afterAll(async () => {
    await temporal?.teardown();
    await rm(home, { recursive: true, force: true });
  });

  /** Has workers on all queues until the test ends. */
  async function startWorkers({ code = codeVersion(), storeUrl, lacks, looked }: WorkersLike = {}): Promise<void> {
    const made = activityDeps(environment, endpointPacers(), new AbortController().signal);
    const store = storeUrl === undefined ? made.store : openStore(storeUrl);
    const deps: ActivityDeps = { ...made, store, node: { ...made.node, code } };
    const known = (all: Record<string, unknown>) => (lacks === 'activity' ? { ...all, checkWorker: undefined } : all);
    const connection = await NativeConnection.connect({ address: temporal.address });
    const workflowBundle = lacks === 'workflow' ? bundleOlder : bundle;
    const pipeline = createPipelineActivities(deps);
    const checkWorker: typeof pipeline.checkWorker = async (ask) => {
      const look = await pipeline.checkWorker(ask);
      looked?.();
      return look;
    };
    const all: WorkerOptions[] = [
      { taskQueue: PIPELINE_QUEUE, workflowBundle, activities: { ...pipeline, checkWorker } },
      ...ENDPOINT_NAMES.map((name) => ({
        taskQueue: endpointQueue(name),
        activities: known(createLlmActivities(deps)),
      })),
      { taskQueue: GPU_QUEUE, activities: known(createGpuActivities(deps)), maxConcurrentActivityTaskExecutions: 1 },
    ];
    const workers = await Promise.all(all.map((options) => Worker.create({ connection, ...options })));
    const running = Promise.all(workers.map((worker) => worker.run()));
    stop = async () => {
      for (const worker of workers) worker.shutdown();
      await running;
      await connection.close();
    };
  }

  async function examined(more: Partial<Examination> = {}, place: Partial<Environment> = {}) {
    const { findings, reached } = await examine(
      { ...environment, ...place },
      { needs: LEAST_NEEDS, fix: false, waitMs: WAIT_MS, ...more },
    );
    const of = (check: string): Finding[] => findings.filter((finding) => finding.check.startsWith(check));
    return { findings, reached, of, failed: findings.filter(({ state }) => state === 'fail') };
  }

  test('says that nobody polls, after waiting for what a run needs alone, and looks at all else', async () => {
    const { of, failed } = await examined();
    expect(failed).toEqual([expect.objectContaining({ check: 'queue longwriter', found: 'nobody polls it' })]);
    expect(of('queue longwriter-gpu')[0]!.state).toBe('warn');
    expect(of('Temporal')[0]!.found).toMatch(/, server \d+\.\d+\.\d+$/);
    expect(of('namespace default')[0]).toMatchObject({
      state: 'warn',
      mend: expect.stringContaining('--retention 90d'),
    });
    expect(of('search attributes')[0]).toMatchObject({ state: 'warn', mend: 'longwriter doctor --fix registers them' });
    expect([of('store')[0]!.state, of('clock')[0]!.state]).toEqual(['ok', 'ok']);
    expect(await readdir(join(home, 'store', 'doctor'))).toEqual([]);
    const { count } = await temporal.client.workflow.count('ExecutionStatus="Running"');
    expect(count).toBe(0);
  });

  test('registers search attributes with --fix, and finds them from then on', async () => {
    const needs = { ...LEAST_NEEDS, queues: new Set<string>() };
    expect((await examined({ fix: true, needs })).of('search attributes')[0]).toMatchObject({
      state: 'ok',
      found: expect.stringContaining('registered LwRun, LwStage'),
    });
    expect((await examined({ needs })).of('search attributes')[0]).toEqual({
      check: 'search attributes',
      state: 'ok',
      found: 'all 6 are there',
    });
  });

  test('tells a worker of all queues once, with its GPU node, and leaves nothing in the store', async () => {
    await startWorkers();
    const { of, failed } = await examined();
    expect(failed).toEqual([]);
    expect(of('queue').map(({ state, found }) => [state, found.replace(/\d+@\S+/, 'ID')])).toEqual(
      Array.from({ length: 5 }, () => ['ok', 'ID (SDK 1.24.0)'].map((text) => text.replace(/^ID/, '1 worker: ID'))),
    );
    expect(of('worker')).toEqual([
      expect.objectContaining({ state: 'ok', found: expect.stringContaining('same store, which it can write') }),
    ]);
    expect(of('GPU node')[0]!.found).toMatch(
      /^no GPU: trains on the CPU; \d+ GiB free on the disk of .*; python 3\.12$/,
    );
    expect(await readdir(join(home, 'store', 'doctor'))).toEqual([]);
  });

  test('warns of a worker of other code', async () => {
    await startWorkers({ code: '0ther000' });
    const { of, failed } = await examined();
    expect(failed).toEqual([]);
    expect(of('worker')).toEqual([
      expect.objectContaining({
        state: 'warn',
        found: `runs other code (0ther000) than this command (${codeVersion()})`,
      }),
    ]);
  });

  test('fails for a worker that has another store, or one that it cannot write', async () => {
    await startWorkers({ storeUrl: join(home, 'another-store') });
    expect((await examined()).of('worker')[0]).toMatchObject({
      state: 'fail',
      found: `its store ${join(home, 'another-store')} is not the one of this command, ${join(home, 'store')}`,
    });
    await stop!();
    await startWorkers({ storeUrl: join(home, 'python', 'store') });
    expect((await examined()).of('worker')[0]).toMatchObject({
      state: 'fail',
      found: expect.stringContaining('cannot be written (ENOTDIR)'),
    });
  });

  test('fails for its own store, and does not blame the workers for it', async () => {
    await startWorkers();
    const { of, failed } = await examined({}, { storeUrl: join(home, 'python', 'store') });
    expect(failed).toEqual([expect.objectContaining({ check: 'store', found: expect.stringContaining('ENOTDIR') })]);
    expect(of('worker')[0]!.state).toBe('ok');
  });

  test('tells a clock that is off, and knows live workers all the same', async () => {
    await startWorkers();
    const { of } = await examined({ now: () => Date.now() + 600_000 });
    expect(of('clock')[0]).toMatchObject({ state: 'warn', found: expect.stringContaining('s ahead of the server’s') });
    expect(of('queue').map(({ state }) => state)).toEqual(['ok', 'ok', 'ok', 'ok', 'ok']);
  });

  test('does not take live workers for gone where the look itself takes minutes', async () => {
    let tookMs = 0;
    await startWorkers({ looked: () => (tookMs = 180_000) });
    const { of } = await examined({ now: () => Date.now() + tookMs });
    expect(of('queue').map(({ state }) => state)).toEqual(['ok', 'ok', 'ok', 'ok', 'ok']);
    expect(tookMs).toBeGreaterThan(0);
  });

  test('asks an endpoint from the worker that would call it, and only those that are to be called', async () => {
    await startWorkers();
    const config = await loadConfig('configs/quickstart.yaml', [
      'endpoints.writer={model: m, baseUrl: "http://127.0.0.1:1/v1", apiKeyEnv: NO_SUCH_KEY}',
    ]);
    const { of } = await examined({ needs: needsOf(config, { until: 'generate' }, true) });
    expect(of('endpoint')).toEqual([
      expect.objectContaining({
        check: 'endpoint writer',
        state: 'fail',
        found: 'the environment variable NO_SUCH_KEY is not set on this worker',
        mend: expect.stringContaining('workers of longwriter-llm-writer'),
      }),
    ]);
    expect((await examined({ needs: needsOf(config, {}, true) })).of('endpoint').map(({ check }) => check)).toEqual([
      'endpoint writer',
      'endpoint judge',
    ]);
  });

  test('names workers of another release, which do not know what they are asked', async () => {
    await startWorkers({ lacks: 'activity' });
    const { of } = await examined({
      needs: { ...LEAST_NEEDS, queues: new Set([PIPELINE_QUEUE, endpointQueue('judge')]) },
    });
    const unknown = { found: 'a worker does not know the check: it runs other code than this command' };
    expect(of('queue longwriter-gpu')).toContainEqual(expect.objectContaining({ ...unknown, state: 'warn' }));
    expect(of('queue longwriter-llm-judge')).toContainEqual(expect.objectContaining({ ...unknown, state: 'fail' }));
    await stop!();
    await startWorkers({ lacks: 'workflow' });
    expect((await examined()).failed).toEqual([
      expect.objectContaining({
        check: 'queue longwriter',
        found: expect.stringContaining('do not know, or cannot run'),
      }),
    ]);
  });

  test('does not wait for a worker that is gone and still listed', async () => {
    const { failed } = await examined();
    expect(failed).toEqual([
      expect.objectContaining({
        check: 'queue longwriter',
        found: expect.stringContaining('no worker took a workflow'),
      }),
    ]);
  });

  test('knows a GPU node in the midst of a job by the workflows under way, however long ago it polled', async () => {
    const connection = await NativeConnection.connect({ address: temporal.address });
    const end = new AbortController();
    const trainModel = async () => {
      await once(end.signal, 'abort');
      throw ApplicationFailure.nonRetryable('ended', 'Config.Invalid');
    };
    const all: WorkerOptions[] = [
      { taskQueue: PIPELINE_QUEUE, workflowBundle: bundle },
      { taskQueue: GPU_QUEUE, identity: '7@gpu', activities: { trainModel } },
    ];
    const workers = await Promise.all(all.map((options) => Worker.create({ connection, ...options })));
    const running = Promise.all(workers.map((worker) => worker.run()));
    stop = async () => {
      end.abort();
      for (const worker of workers) worker.shutdown();
      await running;
      await connection.close();
    };
    expect(await busyNodes(temporal.client)).toEqual([]);
    const base = { name: 'base', folder: '/none', identity: 'i' };
    const handle = await temporal.client.workflow.start('trainModel', {
      taskQueue: PIPELINE_QUEUE,
      workflowId: 'busy.sft',
      args: [{ run: 'busy', revision: 1, method: 'sft', base }],
    });
    await expect.poll(() => busyNodes(temporal.client), { timeout: 10_000 }).toEqual(['7@gpu']);
    await handle.terminate();
  });

  test('knows versioned workers, and the version that tasks go to', async () => {
    const queue = `versioned-${Date.now()}`;
    const connection = await NativeConnection.connect({ address: temporal.address });
    const version = { deploymentName: 'lw', buildId: '2' };
    const worker = await Worker.create({
      connection,
      taskQueue: queue,
      activities: { nothing: async () => undefined },
      workerDeploymentOptions: { version, useWorkerVersioning: true, defaultVersioningBehavior: 'AUTO_UPGRADE' },
    });
    const running = worker.run();
    stop = async () => {
      worker.shutdown();
      await running;
      await connection.close();
    };
    const listed = async () => (await listQueues(temporal.client, [queue], new Set([queue]), 10_000))[0]!;
    const before = await listed();
    expect(before.pollers).toEqual([expect.objectContaining({ version: 'lw.2' })]);
    expect(queueFinding(before, Date.now()).found).toContain('no version is current, so they get none');
    await temporal.client.connection.workflowService.setWorkerDeploymentCurrentVersion({
      namespace: 'default',
      ...version,
      identity: 'test',
    });
    const after = await listed();
    expect(after.current).toBe('lw.2');
    expect(queueFinding(after, Date.now()).state).toBe('ok');
  });

  test('says that a namespace is not there, with how to make it', async () => {
    const { findings, reached } = await examined({}, { temporalNamespace: 'nowhere' });
    expect(reached).toBe(true);
    expect(findings.map(({ check, state }) => [check, state])).toEqual([
      ['Temporal', 'ok'],
      ['namespace nowhere', 'fail'],
      ['store', 'ok'],
    ]);
    expect(findings[1]!.mend).toContain('temporal operator namespace create --namespace nowhere');
  });

  test('looks at the store where no server answers', async () => {
    const { findings, reached } = await examined({}, { temporalAddress: '127.0.0.1:1' });
    expect(reached).toBe(false);
    expect(findings.map(({ check, state }) => [check, state])).toEqual([
      ['Temporal', 'fail'],
      ['store', 'ok'],
    ]);
  });
});
