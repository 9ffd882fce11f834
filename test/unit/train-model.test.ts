import { appendFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ActivityCancellationDetails } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ActivityDeps } from '../../activities/deps.ts';
import { writeFolder } from '../../activities/folder.ts';
import type { Launcher } from '../../activities/io/launcher/launcher.ts';
import { jsonLinesBytes } from '../../activities/io/store/json.ts';
import { trainModel, type TrainModelInput } from '../../activities/train-model.ts';
import { activityDeps, answerOf } from './activity-deps.ts';
import { listed } from '../store-contract.ts';
import { runClient } from './run-client.ts';

const INPUT: TrainModelInput = {
  run: 'r',
  revision: 1,
  method: 'sft',
  data: 'runs/r/dataset/f',
  base: { name: 'base', identity: 'id', location: { kind: 'node', path: '/nowhere' } },
};

describe('trainModel', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'longwriter-train-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** A node whose trainer ends, saying this; `submitted` counts its starts. */
  async function nodeWhereTrainingEnds(kind: string): Promise<{ deps: ActivityDeps; submitted: () => number }> {
    let submitted = 0;
    const launcher: Launcher = {
      reach: 'machine',
      async submit(job) {
        submitted++;
        const event = { event: 'run-error', version: 1, time: 'now', step: 4, kind, message: `it is ${kind}` };
        await appendFile(join(job.folder, 'events.jsonl'), `${JSON.stringify(event)}\n`);
      },
      state: async () => ({ state: 'ended', exitCode: 1 }),
      cancel: async () => undefined,
    };
    const deps = await activityDeps(folder, async () => answerOf(''));
    const rows = [{ path: 'longwriter-6k.jsonl', bytes: jsonLinesBytes([{ messages: [] }]), rows: 1 }];
    await writeFolder(deps.store, INPUT.data, 'inputs', rows, {});
    return { deps: { ...deps, launchers: () => launcher }, submitted: () => submitted };
  }

  const train = (deps: ActivityDeps) =>
    new MockActivityEnvironment({}, { client: runClient() }).run(() => trainModel(deps, INPUT));

  test('a full disk pauses the run with what to do, and nothing is tried until it is resumed', async () => {
    const { deps, submitted } = await nodeWhereTrainingEnds('disk-full');
    await expect(train(deps)).rejects.toMatchObject({ type: 'Trainer.DiskFull', nonRetryable: true });
    expect(await deps.gate.isOpen('r')).toBe(false);
    const environment = new MockActivityEnvironment({}, { client: runClient() });
    const again = environment.run(() => trainModel(deps, INPUT));
    environment.on('heartbeat', () => environment.cancel());
    await expect(again).rejects.toMatchObject({ name: 'CancelledFailure' });
    expect(submitted()).toBe(1);
  });

  test('what cannot be trained fails, and pauses nothing', async () => {
    const { deps } = await nodeWhereTrainingEnds('out-of-memory');
    await expect(train(deps)).rejects.toMatchObject({ type: 'Trainer.OutOfMemory', nonRetryable: true });
    expect(await deps.gate.isOpen('r')).toBe(true);
  });

  test("a disk that fills while the job's own files are written is the same failure", async () => {
    const { deps } = await nodeWhereTrainingEnds('crashed');
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    const launcher: Launcher = { ...deps.launchers({ kind: 'local' }), submit: () => Promise.reject(full) };
    await expect(train({ ...deps, launchers: () => launcher })).rejects.toMatchObject({ type: 'Trainer.DiskFull' });
    expect(await deps.gate.isOpen('r')).toBe(false);
  });

  test.each([true, false])(
    'a worker that shuts down ends its trainer and keeps what it saves: %s',
    async (endsJobs) => {
      const { deps } = await nodeWhereTrainingEnds('crashed');
      const told: string[] = [];
      const environment = new MockActivityEnvironment({}, { client: runClient() });
      const launcher: Launcher = {
        reach: 'machine',
        submit: async () => undefined,
        async state() {
          environment.cancel('WORKER_SHUTDOWN', new ActivityCancellationDetails({ workerShutdown: true }));
          return { state: 'running' };
        },
        async cancel(job, graceMs) {
          told.push(`cancel ${graceMs}`);
          const path = join(job.folder, 'checkpoints', 'step-4');
          await mkdir(path, { recursive: true });
          await writeFile(join(path, 'complete.json'), '{}');
          const event = { event: 'checkpoint-saved', version: 1, time: 'now', step: 4, path };
          await appendFile(join(job.folder, 'events.jsonl'), `${JSON.stringify(event)}\n`);
        },
      };
      const node = { ...deps.node, endsJobs };
      const ended = environment.run(() => trainModel({ ...deps, node, launchers: () => launcher }, INPUT));
      await expect(ended).rejects.toMatchObject({ name: 'CancelledFailure' });
      expect(told).toEqual(endsJobs ? ['cancel 60000'] : []);
      const stored = (await listed(deps.store, 'runs/r/sft')).filter((path) => path.endsWith('/step-4/manifest.json'));
      expect(stored).toHaveLength(endsJobs ? 1 : 0);
    },
  );
});
