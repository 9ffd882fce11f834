import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ActivityDeps } from '../../activities/deps.ts';
import { findManifest, writeFolder } from '../../activities/folder.ts';
import { slurmLauncher } from '../../activities/io/launcher/slurm.ts';
import { findJson, jsonLinesBytes } from '../../activities/io/store/json.ts';
import { serveModel } from '../../activities/serve-model.ts';
import { trainModel } from '../../activities/train-model.ts';
import { parseEvents } from '../../domain/trainer-events.ts';
import { PROJECT, readEnvironment } from '../../configs/env.ts';
import type { LauncherSettings } from '../../configs/training.ts';
import { leaseKey } from '../../domain/keys.ts';
import { Lease } from '../../domain/schemas/run.ts';
import { missing } from '../parts.ts';
import { startSlurm, type SlurmRig } from '../slurm.ts';
import { activityDeps } from '../unit/activity-deps.ts';

const TIMING = { lookMs: 500, endLookMs: 250, goneMs: 1000, blindMs: 60_000, endMs: 60_000 };

describe.skipIf(missing('slurm') || missing('trainer'))('activities on a real Slurm', () => {
  let slurm: SlurmRig;
  let folder: string;
  beforeAll(async () => {
    slurm = await startSlurm();
  });
  afterAll(() => slurm.stop());
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'longwriter-slurm-work-'));
  });
  afterEach(async () => {
    await slurm.run('scancel', '--me');
    await rm(folder, { recursive: true, force: true });
  });

  async function depsOf(overrides: readonly string[]): Promise<ActivityDeps> {
    const deps = await activityDeps(folder, undefined as never, overrides);
    const { trainerPython } = readEnvironment();
    return {
      ...deps,
      launchers: (settings) => slurmLauncher(settings as LauncherSettings & { kind: 'slurm' }, TIMING),
      node: { ...deps.node, commandValues: { python: trainerPython, project: PROJECT } },
    };
  }

  /** An attempt at an activity; signals to workflows go nowhere, heartbeats are kept. */
  function attempt<T>(activity: () => Promise<T>, number = 1) {
    const handle = { signal: async () => undefined };
    const client = {
      workflow: { getHandle: () => handle },
      withAbortSignal: (_: unknown, work: () => unknown) => work(),
    };
    const environment = new MockActivityEnvironment({ attempt: number }, { client: client as never });
    const beats: unknown[] = [];
    environment.on('heartbeat', (details) => beats.push(details));
    const ended = environment.run(activity) as Promise<T>;
    ended.catch(() => undefined);
    return { environment, ended, beats };
  }

  const until = <T>(look: () => Promise<T>) => vi.waitFor(look, { timeout: 40_000, interval: 100 });
  const runningJob = () => slurm.run('squeue', '--noheader', '--states=R,CG', '--format=%i').then((id) => id.trim());

  test('a model is served by a job, which advertises where, and whose move to another place moves the lease', async () => {
    const deps = await depsOf([
      'serving.launcher={kind: slurm, cpus: 1}',
      `serving.prepare=['sh', '-c', 'echo made >> "$1"', 'sh', '{prepared}']`,
      'serving.healthPath=/',
      "serving.command=['python3', '-m', 'http.server', '{port}', '--bind', '{host}']",
    ]);
    const model = { name: 'base', identity: 'weights-1', location: { kind: 'node', path: '/models/base' } } as const;
    const input = { run: 'r', revision: 1, model, failures: 0 };
    // Something else has the node: the server waits, in plain sight, and not against readySeconds.
    const other = (
      await slurm.run('sbatch', '--parsable', '--exclusive', '--output=/dev/null', '--wrap=sleep 60')
    ).trim();
    const first = attempt(() => serveModel(deps, input));
    await until(async () => expect(first.beats).toContainEqual(expect.objectContaining({ state: 'pending' })));
    await slurm.run('scancel', other);
    const leaseNow = () => findJson(deps.store, leaseKey('r'), Lease);
    const lease = await until(async () => (await leaseNow()) ?? Promise.reject(new Error('no lease yet')));
    expect((await fetch(lease.baseUrl.replace('/v1', '/'))).ok).toBe(true);

    const id = await runningJob();
    await slurm.run('scontrol', 'requeue', id);
    const moved = await until(async () => {
      const next = await leaseNow();
      expect(next?.baseUrl).not.toBe(lease.baseUrl);
      return next!;
    });
    expect(moved.apiKey).toBe(lease.apiKey);
    expect((await fetch(moved.baseUrl.replace('/v1', '/'))).ok).toBe(true);

    // A worker that is killed leaves the job, and the next attempt finds it.
    const second = attempt(() => serveModel(deps, input), 2);
    await until(async () => expect(await leaseNow()).toMatchObject({ attempt: 2, baseUrl: moved.baseUrl }));
    expect(await runningJob()).toBe(id);
    second.environment.cancel();
    await expect(second.ended).rejects.toMatchObject({ name: 'CancelledFailure' });
    expect(await slurm.run('squeue', '--noheader')).toBe('');
    await expect(fetch(moved.baseUrl)).rejects.toThrow();
    first.environment.cancel();
    await expect(first.ended).rejects.toBeDefined();
  });

  test('the trainer is requeued in the middle, goes on from its checkpoint, and its model is uploaded', async () => {
    const { trainerPython } = readEnvironment();
    const code = `import sys; from pathlib import Path; from types import SimpleNamespace
sys.path.insert(0, 'trainer/tests'); from conftest import base_model
base_model.__wrapped__(SimpleNamespace(mktemp=lambda _: Path(sys.argv[1])))`;
    const base = join(folder, 'base');
    await mkdir(base);
    await promisify(execFile)(trainerPython, ['-c', code, base], { cwd: PROJECT });
    const deps = await depsOf([
      'training.launcher={kind: slurm}',
      // A step takes about 20 ms: seconds are left between the first checkpoint and the end for the requeue to come.
      'training.sft.maxSteps=400',
      'training.sft.saveSteps=4',
      'training.sft.epochs=400',
      'training.sft.precision=float32',
      'training.sft.maxLength=128',
    ]);
    const rows = Array.from({ length: 4 }, (_, index) => ({
      messages: [
        { role: 'user', content: `Tell me of storm ${index}.` },
        { role: 'assistant', content: 'The storm took the small boat.' },
      ],
    }));
    await writeFolder(
      deps.store,
      'rows',
      'inputs',
      [{ path: 'train.jsonl', bytes: jsonLinesBytes(rows), rows: 4 }],
      {},
    );
    const { ended } = attempt(() =>
      trainModel(deps, {
        run: 'r',
        revision: 1,
        method: 'sft',
        data: 'rows',
        base: { name: 'base', identity: 'tiny', location: { kind: 'node', path: base } },
      }),
    );
    const jobs = join(folder, 'work', 'jobs');
    const events = async () => {
      const [job = ''] = await readdir(jobs);
      return parseEvents(await readFile(join(jobs, job, 'events.jsonl'), 'utf8'));
    };
    await Promise.race([
      ended,
      until(async () => expect((await events()).some(({ event }) => event === 'checkpoint-saved')).toBe(true)),
    ]);
    const id = await runningJob();
    await slurm.run('scontrol', 'requeue', id);
    const trained = await ended;
    expect(await findManifest(deps.store, `${trained.folder}/model`)).toBeDefined();
    const all = await events();
    const starts = all.filter(({ event }) => event === 'run-start');
    expect(starts).toHaveLength(2);
    const resumed = all.slice(all.lastIndexOf(starts[1]!)).find(({ event }) => event === 'step-end')!;
    expect(resumed.step).toBeGreaterThan(4);
    const [job = ''] = await readdir(jobs);
    expect((await stat(join(jobs, job, 'slurm.sh'))).mode & 0o777).toBe(0o600);
  });
});
