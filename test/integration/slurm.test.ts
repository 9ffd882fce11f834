import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { LaunchedJob } from '../../activities/io/launcher/launcher.ts';
import { slurmLauncher, type SlurmTiming } from '../../activities/io/launcher/slurm.ts';
import { startTimeOf } from '../../activities/io/process.ts';
import { readEvents, watchJob } from '../../activities/watch-job.ts';
import { PROJECT } from '../../configs/env.ts';
import { LauncherSettings } from '../../configs/training.ts';
import { missing } from '../parts.ts';
import { startSlurm, type SlurmRig } from '../slurm.ts';

/** As in production, but for a cluster that has nothing else to do. */
const TIMING: SlurmTiming = { lookMs: 500, endLookMs: 250, goneMs: 1000, blindMs: 60_000, endMs: 60_000 };

describe.skipIf(missing('slurm'))('jobs on a real Slurm', () => {
  let slurm: SlurmRig;
  let folder: string;
  let job: LaunchedJob;
  beforeAll(async () => {
    slurm = await startSlurm();
  });
  afterAll(() => slurm.stop());
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'longwriter-jobs '));
    job = await makeJob(30);
  });
  afterEach(async () => {
    await slurm.run('scancel', '--me');
    await rm(folder, { recursive: true, force: true });
  });

  /** A job of so many steps, ten a second, in a folder whose name holds what a shell would trip over. */
  async function makeJob(steps: number, earlier?: LaunchedJob): Promise<LaunchedJob> {
    const place = join(folder, "it's a $HOME");
    await mkdir(place, { recursive: true });
    const id = earlier?.id ?? `r.sft.${randomBytes(4).toString('hex')}`;
    return { id, folder: place, command: ['python3', join(PROJECT, 'test/fixtures/steps.py'), place, String(steps)] };
  }

  /** A worker's launcher; what it knows of a job it knows from Slurm and from the folder. */
  function launcherOf(settings: object = {}, timing: Partial<SlurmTiming> = {}) {
    const parsed = LauncherSettings.parse({ kind: 'slurm', ...settings }) as LauncherSettings & { kind: 'slurm' };
    return slurmLauncher(parsed, { ...TIMING, ...timing });
  }

  const watch = (launcher = launcherOf(), signal = new AbortController().signal) =>
    watchJob(launcher, job, { stallMs: 60_000, signal, onEvent: async () => undefined });

  const stepsSoFar = async () => (await readEvents(job)).filter(({ event }) => event === 'step-end').length;
  const untilStep = (step: number) =>
    vi.waitFor(async () => expect(await stepsSoFar()).toBeGreaterThanOrEqual(step), { timeout: 20_000, interval: 50 });

  /** Each life of the job: its Slurm job, its process, and the step that it went on from. */
  async function lives(): Promise<{ id: string; pid: number; parent: number; from: number }[]> {
    const lines = (await readFile(join(job.folder, 'lives'), 'utf8')).trimEnd().split('\n');
    return lines.map((line) => {
      const [id = '', , pid, , parent, , from] = line.split(' ');
      return { id, pid: Number(pid), parent: Number(parent), from: Number(from) };
    });
  }

  const queue = () => slurm.run('squeue', '--noheader', `--name=${job.id}`);
  test('a job that a killed worker has submitted is found again, and runs once', async () => {
    const worker = spawn(process.execPath, ['--import', 'tsx', 'test/fixtures/submit-job.ts', JSON.stringify(job)]);
    await once(worker.stdout, 'data');
    worker.kill('SIGKILL');
    const next = launcherOf();
    await next.submit(job);
    expect((await queue()).trimEnd().split('\n')).toHaveLength(1);
    await watch(next);
    expect(await lives()).toHaveLength(1);
    expect(await stepsSoFar()).toBe(30);
  });

  test('a cancelled job saves, and all of its processes are gone', async () => {
    job = { ...job, command: ['sh', '-c', 'sleep 300 & echo $! > child; "$@"', 'sh', ...job.command] };
    const launcher = launcherOf();
    await launcher.submit(job);
    await untilStep(3);
    await launcher.cancel(job, 10_000);
    expect(await queue()).toBe('');
    expect(Number(await readFile(join(job.folder, 'saved-step'), 'utf8'))).toBeGreaterThanOrEqual(3);
    const child = Number(await readFile(join(job.folder, 'child'), 'utf8'));
    for (const pid of [(await lives())[0]!.pid, child]) expect(await startTimeOf(pid)).toBeUndefined();
    await launcher.cancel(job, 10_000);
  });

  test('a job that a person cancels is begun again where it saved', async () => {
    const launcher = launcherOf();
    await launcher.submit(job);
    const watched = watch(launcher);
    await untilStep(5);
    await slurm.run('scancel', `--name=${job.id}`);
    await expect(watched).rejects.toMatchObject({ type: 'Trainer.Stopped', nonRetryable: false });
    await launcher.submit(job);
    await watch(launcher);
    const [first, second] = await lives();
    expect(second!.from).toBeGreaterThanOrEqual(5);
    expect(second!.id).not.toBe(first!.id);
  });

  test('a job that is killed with its script is gone, with what Slurm says of it', async () => {
    const launcher = launcherOf();
    await launcher.submit(job);
    const watched = watch(launcher);
    watched.catch(() => undefined);
    await untilStep(1);
    process.kill((await lives())[0]!.parent, 'SIGKILL');
    await expect(watched).rejects.toMatchObject({ type: 'Trainer.Crashed', nonRetryable: false });
    await expect(watched).rejects.toThrow(/gone without an exit code \(Slurm says FAILED\)/);
  });

  test('a job that is requeued in the middle goes on, and the end of its first life is none', async () => {
    const launcher = launcherOf();
    await launcher.submit(job);
    const watched = watch(launcher);
    await untilStep(5);
    await slurm.run('scontrol', 'requeue', (await lives())[0]!.id);
    await watched;
    const [first, second, ...more] = await lives();
    expect(more).toEqual([]);
    expect(second!.id).toBe(first!.id);
    expect(second!.from).toBeGreaterThanOrEqual(5);
  });

  test('a later life that is killed has not the exit code of an earlier one', async () => {
    const launcher = launcherOf();
    await launcher.submit(job);
    const watched = watch(launcher);
    watched.catch(() => undefined);
    await untilStep(1);
    await slurm.run('scontrol', 'requeue', (await lives())[0]!.id);
    await vi.waitFor(async () => expect(await lives()).toHaveLength(2), { timeout: 20_000, interval: 50 });
    process.kill((await lives())[1]!.parent, 'SIGKILL');
    await expect(watched).rejects.toMatchObject({ type: 'Trainer.Crashed' });
    await expect(watched).rejects.toThrow('gone without an exit code');
  });

  test('a job outlives the daemon of its node', async () => {
    const launcher = launcherOf();
    await launcher.submit(job);
    const watched = watch(launcher);
    await untilStep(1);
    await slurm.stopNode();
    await slurm.startNode();
    await watched;
    expect(await lives()).toHaveLength(1);
  });

  test('a node that fails costs a life, and the next begins where the last one saved', async () => {
    const launcher = launcherOf();
    await launcher.submit(job);
    const watched = watch(launcher);
    await untilStep(1);
    const node = (await slurm.run('sinfo', '-h', '-o', '%N')).trim();
    await slurm.run('scontrol', 'update', `nodename=${node}`, 'state=down', 'reason=test');
    await watched;
    expect((await lives()).map(({ id }) => id)).toHaveLength(2);
  });

  test('a controller that is down is no verdict: the folder goes on telling, for a while', async () => {
    const launcher = launcherOf();
    await launcher.submit(job);
    await untilStep(1);
    await slurm.stopController();
    try {
      const impatient = launcherOf({}, { blindMs: 0 });
      const unfinished = { ...job, folder };
      await Promise.all([
        watch(launcher),
        expect(launcherOf().submit(unfinished)).rejects.toMatchObject({ problem: 'Unreachable' }),
        expect(impatient.state(unfinished)).rejects.toThrow(/squeue has failed for .* the job is left as it is/),
      ]);
    } finally {
      await slurm.startController();
    }
  });

  test('before the time limit a job is told to save; the next job goes on from there', async () => {
    const launcher = launcherOf({ timeLimitMinutes: 1, signalSeconds: 59 });
    job = await makeJob(600, job);
    await launcher.submit(job);
    await expect(watch(launcher)).rejects.toMatchObject({ type: 'Trainer.Stopped', nonRetryable: false });
    const saved = Number(await readFile(join(job.folder, 'saved-step'), 'utf8'));
    job = await makeJob(saved + 3, job);
    await launcher.submit(job);
    await watch(launcher);
    const [first, second] = await lives();
    expect(second!.from).toBe(saved);
    expect(second!.id).not.toBe(first!.id);
  });

  test.each([
    ['partition', { partition: 'nope' }, /invalid partition specified: nope.*; mend launcher.partition$/],
    ['gres', { gres: 'gpu:8' }, /generic resource.*; mend launcher.gres$/],
    ['memory', { memory: '900G' }, /Memory specification can not be satisfied.*; mend launcher.memory$/],
    ['option', { options: ['--constraint=a100'] }, /Invalid feature.*; mend launcher.options$/],
  ])('a %s that does not exist is refused with the setting to mend', async (_, settings, message) => {
    const refused = launcherOf(settings).submit(job);
    await expect(refused).rejects.toMatchObject({ problem: 'Refused', message: expect.stringMatching(message) });
  });
});
