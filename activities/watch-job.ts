import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TrainerEvent } from '../domain/schemas/trainer.ts';
import { parseEvents } from '../domain/trainer-events.ts';
import type { FailureType } from '../domain/failures.ts';
import { failure } from './failures.ts';
import type { JobState, LaunchedJob, Launcher } from './io/launcher/launcher.ts';

/** Milliseconds between two looks at a job. */
const LOOK_MS = 500;

/** Exit codes of a trainer that never began, so that no event is its own: its usage, and the shell's for no such command. */
const NEVER_BEGAN: readonly number[] = [2, 126, 127];

/** The trainer's exit codes (docs/trainer-protocol.md). Others are crashes. */
const EXIT_FAILURES: Readonly<Record<number, FailureType>> = {
  2: 'Trainer.JobInvalid',
  3: 'Trainer.DataInvalid',
  4: 'Trainer.OutOfMemory',
  5: 'Trainer.DiskFull',
  126: 'Trainer.JobInvalid',
  127: 'Trainer.JobInvalid',
  143: 'Trainer.Stopped',
};

/** What the trainer's own word for its end means. */
const KIND_FAILURES: Readonly<Record<string, FailureType>> = {
  'job-invalid': 'Trainer.JobInvalid',
  'data-invalid': 'Trainer.DataInvalid',
  'out-of-memory': 'Trainer.OutOfMemory',
  'disk-full': 'Trainer.DiskFull',
  'loss-not-finite': 'Trainer.Diverged',
  stopped: 'Trainer.Stopped',
  'try-again': 'Trainer.Crashed',
  crashed: 'Trainer.Crashed',
};

/** Watches a submitted job to its end, handing on each event. Fails with the Trainer.* failures. */
export async function watchJob(
  launcher: Launcher,
  job: LaunchedJob,
  options: {
    stallMs: number;
    signal: AbortSignal;
    onEvent: (event: TrainerEvent) => Promise<void>;
    /** After the events of each look. */
    onLook?: (state: JobState) => Promise<void>;
  },
): Promise<void> {
  let seen = 0;
  let lastSign = Date.now();
  for (;;) {
    const state = await launcher.state(job);
    const events = await readEvents(job);
    for (const event of events.slice(seen)) await options.onEvent(event);
    await options.onLook?.(state);
    if (events.length > seen || state.state === 'pending') lastSign = Date.now();
    seen = events.length;
    if (state.state === 'ended' && state.exitCode === 0) return;
    if (state.state === 'ended') throw await endFailure(job, state.exitCode, causeOfEnd(events));
    if (state.state === 'absent') {
      const why = state.detail === undefined ? '' : ` (${state.detail})`;
      throw failure('Trainer.Crashed', `${job.id}: the trainer is gone without an exit code${why}`);
    }
    if (Date.now() - lastSign > options.stallMs) {
      await launcher.cancel(job, 0);
      throw failure('Trainer.Stalled', `${job.id}: no event for ${Math.round(options.stallMs / 60_000)} minutes`);
    }
    await sleep(LOOK_MS, undefined, { signal: options.signal });
  }
}

/** The events of a job so far; a last line that is still being written is left for later. */
export async function readEvents(job: LaunchedJob): Promise<TrainerEvent[]> {
  const text = await readFile(join(job.folder, 'events.jsonl'), 'utf8').catch(() => '');
  return parseEvents(text.slice(0, text.lastIndexOf('\n') + 1));
}

/** Whether a job has left a whole model. */
export async function hasModel(job: LaunchedJob): Promise<boolean> {
  return stat(join(job.folder, 'model', 'complete.json')).then(
    () => true,
    () => false,
  );
}

/** The first of the run-errors that the events end in: what other processes meet after it is no cause. */
function causeOfEnd(events: readonly TrainerEvent[]): (TrainerEvent & { event: 'run-error' }) | undefined {
  const cause = events[events.findLastIndex(({ event }) => event !== 'run-error') + 1];
  return cause?.event === 'run-error' ? cause : undefined;
}

/** What the trainer said counts more than its exit code: a launcher of many processes ends with a code of its own. */
async function endFailure(
  job: LaunchedJob,
  exitCode: number,
  cause: (TrainerEvent & { event: 'run-error' }) | undefined,
): Promise<Error> {
  const believed = NEVER_BEGAN.includes(exitCode) && cause?.kind !== 'job-invalid' ? undefined : cause;
  const type = (believed && KIND_FAILURES[believed.kind]) ?? EXIT_FAILURES[exitCode] ?? 'Trainer.Crashed';
  const who = believed?.rank === undefined ? '' : `process ${believed.rank}: `;
  const said = believed?.message ?? (await lastLogLine(job));
  return failure(type, `${job.id}: exit code ${exitCode}: ${who}${said.slice(0, 500)}`);
}

async function lastLogLine(job: LaunchedJob): Promise<string> {
  const log = await readFile(join(job.folder, 'trainer.log'), 'utf8').catch(() => '');
  return log.trimEnd().split('\n').at(-1) ?? '';
}
