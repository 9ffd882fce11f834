import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ActivityCancellationDetails } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  LauncherError,
  type JobState,
  type LaunchedJob,
  type Launcher,
} from '../../activities/io/launcher/launcher.ts';
import { whileSubmitted } from '../../activities/submitted-job.ts';

describe('whileSubmitted', () => {
  let job: LaunchedJob;
  beforeEach(async () => {
    job = { id: 'r.sft.x', folder: await mkdtemp(join(tmpdir(), 'longwriter-submitted-')), command: ['true'] };
  });
  afterEach(() => rm(job.folder, { recursive: true, force: true }));

  /** A launcher that does what it is told, and says what that was. */
  function launcherOf(more: Partial<Launcher> = {}): { launcher: Launcher; calls: string[] } {
    const calls: string[] = [];
    const launcher: Launcher = {
      reach: 'cluster',
      submit: async () => void calls.push('submit'),
      state: async () => ({ state: 'running' }),
      cancel: async (_, graceMs) => void calls.push(`cancel ${graceMs}`),
      ...more,
    };
    return { launcher, calls };
  }

  /** One attempt, whose work ends when it is told or cancelled. */
  function attempt(launcher: Launcher, { number = 1, outlivesWorker = true } = {}) {
    const environment = new MockActivityEnvironment({ attempt: number });
    let end: (error: Error | undefined) => void;
    const working = new Promise<void>((resolve, reject) => {
      end = (error) => (error === undefined ? resolve() : reject(error));
    });
    working.catch(() => undefined);
    let begin: () => void;
    const began = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const ended = environment.run(() =>
      whileSubmitted(launcher, job, { graceMs: 7, outlivesWorker }, () => {
        begin();
        return Promise.race([working, environment.context.cancelled]);
      }),
    );
    ended.catch(() => undefined);
    return { environment, ended, began, end: (error?: Error) => end(error) };
  }

  test('a job whose work is done is left alone, and one whose work fails is ended', async () => {
    const { launcher, calls } = launcherOf();
    const done = attempt(launcher);
    done.end();
    await done.ended;
    expect(calls).toEqual(['submit']);
    const failed = attempt(launcher);
    failed.end(new Error('no such checkpoint'));
    await expect(failed.ended).rejects.toThrow('no such checkpoint');
    expect(calls).toEqual(['submit', 'submit', 'cancel 7']);
  });

  test('cancelled, the job is ended; a worker that shuts down leaves it where the next attempt finds it', async () => {
    const { launcher, calls } = launcherOf();
    const cancelled = attempt(launcher);
    await cancelled.began;
    cancelled.environment.cancel();
    await expect(cancelled.ended).rejects.toThrow();
    expect(calls).toEqual(['submit', 'cancel 7']);
    for (const outlivesWorker of [true, false]) {
      const { launcher: next, calls: told } = launcherOf();
      const shut = attempt(next, { outlivesWorker });
      await shut.began;
      shut.environment.cancel('WORKER_SHUTDOWN', new ActivityCancellationDetails({ workerShutdown: true }));
      await expect(shut.ended).rejects.toThrow();
      expect(told).toEqual(outlivesWorker ? ['submit'] : ['submit', 'cancel 7']);
    }
  });

  test('a frozen attempt that wakes up leaves the job to the later one, whichever came first', async () => {
    const { launcher, calls } = launcherOf();
    const frozen = attempt(launcher, { number: 1 });
    await frozen.began;
    const later = attempt(launcher, { number: 2 });
    await later.began;
    const late = attempt(launcher, { number: 1 });
    await late.began;
    for (const each of [frozen, late]) {
      each.environment.cancel('NOT_FOUND', new ActivityCancellationDetails({ notFound: true }));
      await expect(each.ended).rejects.toThrow();
    }
    expect(calls).not.toContain('cancel 7');
    later.environment.cancel();
    await expect(later.ended).rejects.toThrow();
    expect(calls).toContain('cancel 7');
  });

  test('a launcher that does not answer says nothing about the job, which is left to the next attempt', async () => {
    const { launcher, calls } = launcherOf();
    const blind = attempt(launcher);
    blind.end(new LauncherError('Unreachable', 'no controller'));
    await expect(blind.ended).rejects.toThrow('no controller');
    expect(calls).toEqual(['submit']);
  });

  test('a job that cannot be ended does not hide why the work failed', async () => {
    const stuck = launcherOf({ cancel: () => Promise.reject(new LauncherError('Unreachable', 'no controller')) });
    const failed = attempt(stuck.launcher);
    failed.end(new Error('the loss is not finite'));
    await expect(failed.ended).rejects.toThrow('the loss is not finite');
  });

  test('each change of the job is told once', async () => {
    const states: JobState[] = [
      { state: 'pending', detail: '(Priority)' },
      { state: 'pending', detail: '(Resources)' },
      { state: 'running', detail: 'n1' },
    ];
    const looks = states.flatMap((state) => [state, state]);
    const { launcher } = launcherOf({ state: async () => looks.shift()! });
    const told: JobState[] = [];
    const care = { graceMs: 0, outlivesWorker: true, onChange: (state: JobState) => void told.push(state) };
    await new MockActivityEnvironment().run(() =>
      whileSubmitted(launcher, job, care, async (watched) => {
        while (looks.length > 0) await watched.state(job);
      }),
    );
    expect(told).toEqual(states);
  });
});
