import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cancellationDetails, Context, log } from '@temporalio/activity';
import { LauncherError, type JobState, type LaunchedJob, type Launcher } from './io/launcher/launcher.ts';

/** How a job is looked after. */
export interface JobCare {
  /** Milliseconds that it has to save when it is cancelled. */
  readonly graceMs: number;
  /** Whether a worker that shuts down leaves it to the next attempt. */
  readonly outlivesWorker: boolean;
  /** Told of each change of its state, for eyes. */
  readonly onChange?: (state: JobState) => void | Promise<void>;
}

/**
 * Submits a job, or finds it again, and works while it is there; the work asks after the job by the launcher it is given.
 * When the work fails or is cancelled the job is ended, unless somebody goes on with it: the next attempt, where this worker
 * shuts down or cannot reach the launcher, or a later attempt that has taken it over.
 */
export async function whileSubmitted<T>(
  launcher: Launcher,
  job: LaunchedJob,
  care: JobCare,
  work: (launcher: Launcher) => Promise<T>,
): Promise<T> {
  await claim(job);
  try {
    await launcher.submit(job);
    return await work(telling(launcher, care.onChange));
  } catch (error) {
    const left = cancellationDetails()?.workerShutdown ? care.outlivesWorker : isLeft(error);
    if (!left && (await isClaimed(job))) {
      await launcher.cancel(job, care.graceMs).catch((failed: unknown) => {
        log.warn('job could not be cancelled', { job: job.id, error: String(failed) });
      });
    }
    throw error;
  }
}

/** A launcher that does not answer says nothing about the job, unless it is this worker's last chance to end it. */
function isLeft(error: unknown): boolean {
  if (Context.current().cancellationSignal.aborted) return false;
  return error instanceof LauncherError && error.problem === 'Unreachable';
}

/** The launcher, which tells of each change that it sees. */
function telling(launcher: Launcher, onChange: JobCare['onChange']): Launcher {
  let last = '';
  return {
    ...launcher,
    async state(job) {
      const state = await launcher.state(job);
      const line = JSON.stringify(state);
      if (line !== last) {
        last = line;
        log.info(`job ${state.state}`, { job: job.id, detail: state.detail });
        await onChange?.(state);
      }
      return state;
    },
  };
}

const claimFile = (job: LaunchedJob): string => join(job.folder, 'attempt.json');

/** Takes a job over, unless a later attempt of this activity has: a frozen one may wake up late. */
async function claim(job: LaunchedJob): Promise<void> {
  const mine = thisAttempt();
  const theirs = await readClaim(job);
  if (theirs?.activity === mine.activity && theirs.attempt > mine.attempt) return;
  await writeFile(claimFile(job), JSON.stringify(mine));
}

async function isClaimed(job: LaunchedJob): Promise<boolean> {
  const theirs = await readClaim(job);
  const mine = thisAttempt();
  return theirs?.activity === mine.activity && theirs.attempt === mine.attempt;
}

interface Attempt {
  readonly activity: string;
  readonly attempt: number;
}

function thisAttempt(): Attempt {
  const { workflowExecution, activityId, attempt } = Context.current().info;
  return { activity: `${workflowExecution?.runId}/${activityId}`, attempt };
}

async function readClaim(job: LaunchedJob): Promise<Attempt | undefined> {
  const text = await readFile(claimFile(job), 'utf8').catch(() => undefined);
  // One that a kill left empty is nobody's.
  return text ? (JSON.parse(text) as Attempt) : undefined;
}
