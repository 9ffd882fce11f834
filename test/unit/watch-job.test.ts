import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { JobState, LaunchedJob, Launcher } from '../../activities/io/launcher/launcher.ts';
import { parseEvents, watchJob } from '../../activities/watch-job.ts';
import type { TrainerEvent } from '../../domain/schemas/trainer.ts';

const GOLDEN = 'test/fixtures/trainer-events.jsonl';

describe('events of the trainer', () => {
  test('a recorded file reads whole, every line an event', async () => {
    const text = await readFile(GOLDEN, 'utf8');
    const events = parseEvents(text);
    expect(events).toHaveLength(text.trimEnd().split('\n').length);
    expect(new Set(events.map(({ event }) => event))).toEqual(
      new Set(['phase-start', 'run-start', 'step-end', 'checkpoint-saved', 'run-end', 'run-error']),
    );
  });

  test('a torn line is passed over, and what follows it is read', async () => {
    const [first = '', second = ''] = (await readFile(GOLDEN, 'utf8')).split('\n');
    expect(parseEvents(`${first}\n{"event": "step-e\n${second}\n`)).toHaveLength(2);
  });
});

describe('watchJob', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'longwriter-watch-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** Watches a job whose launcher says these states, one a look. */
  async function watch(states: readonly JobState[], stallMs = 60_000): Promise<TrainerEvent[]> {
    const queue = [...states];
    const launcher: Launcher = {
      reach: 'machine',
      submit: async () => undefined,
      state: async () => (queue.length > 1 ? queue.shift()! : queue[0]!),
      cancel: async () => undefined,
    };
    const job: LaunchedJob = { id: 'r.sft.x', folder, command: ['true'] };
    const seen: TrainerEvent[] = [];
    const onEvent = async (event: TrainerEvent) => void seen.push(event);
    await watchJob(launcher, job, { stallMs, signal: new AbortController().signal, onEvent });
    return seen;
  }

  test('hands on every event and returns when the trainer ended well', async () => {
    await writeFile(join(folder, 'events.jsonl'), await readFile(GOLDEN));
    const seen = await watch([{ state: 'running' }, { state: 'ended', exitCode: 0 }]);
    expect(seen).toHaveLength(parseEvents(await readFile(GOLDEN, 'utf8')).length);
  });

  test.each([
    [2, 'Trainer.JobInvalid', true],
    [3, 'Trainer.DataInvalid', true],
    [4, 'Trainer.OutOfMemory', true],
    [127, 'Trainer.JobInvalid', true],
    [143, 'Trainer.Stopped', false],
    [1, 'Trainer.Crashed', false],
  ])('exit code %i is %s', async (exitCode, type, nonRetryable) => {
    await writeFile(join(folder, 'trainer.log'), 'loading\nthe last line says why\n');
    const end = watch([{ state: 'ended', exitCode }]);
    await expect(end).rejects.toMatchObject({ type, nonRetryable, message: expect.stringContaining('says why') });
  });

  test('a loss that is not finite is no crash to be tried again', async () => {
    const error = {
      event: 'run-error',
      version: 1,
      time: 'now',
      step: 3,
      kind: 'loss-not-finite',
      message: 'loss is nan',
    };
    await writeFile(join(folder, 'events.jsonl'), `${JSON.stringify(error)}\n`);
    const end = watch([{ state: 'ended', exitCode: 1 }]);
    await expect(end).rejects.toMatchObject({ type: 'Trainer.Diverged', nonRetryable: true });
  });

  test('a trainer that gives no sign is stalled, and one that is gone has crashed', async () => {
    await expect(watch([{ state: 'running' }], 1)).rejects.toMatchObject({ type: 'Trainer.Stalled' });
    await expect(watch([{ state: 'absent' }])).rejects.toMatchObject({ type: 'Trainer.Crashed' });
  });
});
