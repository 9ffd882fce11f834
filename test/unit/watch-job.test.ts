import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { JobState, LaunchedJob, Launcher } from '../../activities/io/launcher/launcher.ts';
import { watchJob } from '../../activities/watch-job.ts';
import { parseEvents } from '../../domain/trainer-events.ts';
import type { TrainerEvent } from '../../domain/schemas/trainer.ts';

const GOLDEN = 'test/fixtures/trainer-events.jsonl';

describe('events of the trainer', () => {
  test('a recorded file reads whole, every line an event', async () => {
    const text = await readFile(GOLDEN, 'utf8');
    const events = parseEvents(text);
    expect(events).toHaveLength(text.trimEnd().split('\n').length);
    expect(new Set(events.map(({ event }) => event))).toEqual(
      new Set(['phase-start', 'preflight', 'run-start', 'step-end', 'checkpoint-saved', 'run-end', 'run-error']),
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
    [5, 'Trainer.DiskFull', true],
    [127, 'Trainer.JobInvalid', true],
    [143, 'Trainer.Stopped', false],
    [1, 'Trainer.Crashed', false],
  ])('exit code %i is %s', async (exitCode, type, nonRetryable) => {
    await writeFile(join(folder, 'trainer.log'), 'loading\nthe last line says why\n');
    const end = watch([{ state: 'ended', exitCode }]);
    await expect(end).rejects.toMatchObject({ type, nonRetryable, message: expect.stringContaining('says why') });
  });

  test('what an earlier life said of its end is no reason for the end of one that said nothing', async () => {
    const lines = [{ event: 'run-error', kind: 'disk-full', message: 'no room' }, { event: 'job-start' }].map(said);
    await writeFile(join(folder, 'events.jsonl'), `${lines.join('\n')}\n`);
    await expect(watch([{ state: 'ended', exitCode: 137 }])).rejects.toMatchObject({ type: 'Trainer.Crashed' });
  });

  const said = (event: object) => JSON.stringify({ version: 1, time: 'now', step: 3, ...event });
  const begun = said({ event: 'phase-start', phase: 'load' });
  const ended = (kind: string, more: object = {}) =>
    said({ event: 'run-error', kind, message: `it is ${kind}`, ...more });

  test.each([
    ['job-invalid', 'Trainer.JobInvalid', true],
    ['data-invalid', 'Trainer.DataInvalid', true],
    ['out-of-memory', 'Trainer.OutOfMemory', true],
    ['disk-full', 'Trainer.DiskFull', true],
    ['loss-not-finite', 'Trainer.Diverged', true],
    ['stopped', 'Trainer.Stopped', false],
    ['try-again', 'Trainer.Crashed', false],
    ['crashed', 'Trainer.Crashed', false],
  ])(
    'a trainer that says %s is %s, though its launcher ends with a code of its own',
    async (kind, type, nonRetryable) => {
      await writeFile(join(folder, 'events.jsonl'), `${begun}\n${ended(kind)}\n`);
      for (const exitCode of [1, 143, 137]) {
        const end = watch([{ state: 'ended', exitCode }]);
        await expect(end).rejects.toMatchObject({
          type,
          nonRetryable,
          message: expect.stringContaining(`it is ${kind}`),
        });
      }
    },
  );

  test('the process that failed first says why, and not those that it took with it', async () => {
    const events = [ended('stopped'), begun, ended('out-of-memory', { rank: 3 }), ended('crashed')];
    await writeFile(join(folder, 'events.jsonl'), `${events.join('\n')}\n`);
    const end = watch([{ state: 'ended', exitCode: 1 }]);
    await expect(end).rejects.toMatchObject({
      type: 'Trainer.OutOfMemory',
      message: expect.stringContaining('process 3: it is out-of-memory'),
    });
  });

  test.each([2, 127])(
    'what an earlier attempt said is no word of one that never began, exit code %i',
    async (exitCode) => {
      await writeFile(join(folder, 'events.jsonl'), `${begun}\n${ended('stopped')}\n`);
      const end = watch([{ state: 'ended', exitCode }]);
      await expect(end).rejects.toMatchObject({ type: 'Trainer.JobInvalid' });
    },
  );

  test('a trainer that gives no sign is stalled, and one that is gone has crashed', async () => {
    await expect(watch([{ state: 'running' }], 1)).rejects.toMatchObject({ type: 'Trainer.Stalled' });
    await expect(watch([{ state: 'absent' }])).rejects.toMatchObject({ type: 'Trainer.Crashed' });
  });
});
