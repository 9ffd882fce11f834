import { chmod, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LauncherSettings } from '../../../configs/training.ts';
import { LauncherError, logName, type JobState, type LaunchedJob, type Launcher } from './launcher.ts';
import { queuedJobs, runSlurm, type QueuedJob } from './slurm-commands.ts';
import { EXIT_CODE, slurmScript, STARTED } from './slurm-script.ts';

type SlurmSettings = LauncherSettings & { kind: 'slurm' };

/** Milliseconds. */
export interface SlurmTiming {
  /** Between two questions to the controller, which serves a whole cluster. */
  readonly lookMs: number;
  /** Between two questions about a job that ended by its folder's word, or is to end. */
  readonly endLookMs: number;
  /** That a job may be unknown to Slurm and without an exit code: a shared disk may show the file late. */
  readonly goneMs: number;
  /** That the controller may not answer, until the watcher says so. */
  readonly blindMs: number;
  /** That a cancelled job may take to go, beyond its grace; a cluster's own KillWait is 30 s by default. */
  readonly endMs: number;
}

const TIMING: SlurmTiming = { lookMs: 15_000, endLookMs: 1000, goneMs: 15_000, blindMs: 600_000, endMs: 180_000 };

/**
 * Runs jobs under Slurm. A job is known by its name and folder, so that any worker of the same person that shares the folder
 * finds it again. How it ended is said by its folder; squeue is only a sign of life.
 */
export function slurmLauncher(settings: SlurmSettings, timing = TIMING): Launcher {
  const watches = new Map<string, Watch>();
  return {
    reach: 'cluster',
    async submit(job) {
      if (findActive(await ownJobs(job))) return;
      watches.delete(job.id);
      for (const name of [STARTED, EXIT_CODE]) await rm(join(job.folder, name), { force: true });
      const script = join(job.folder, 'slurm.sh');
      await writeFile(script, slurmScript(job));
      await chmod(script, 0o600);
      await runSlurm('sbatch', sbatchOptions(settings, job, script)).catch((error: unknown) => {
        throw refusal(error, job);
      });
    },
    async state(job) {
      const watch = watches.get(job.id) ?? unwatched();
      watches.set(job.id, watch);
      return stateOf(job, watch, timing);
    },
    cancel: (job, graceMs) => cancel(job, graceMs, timing),
  };
}

function sbatchOptions(settings: SlurmSettings, job: LaunchedJob, script: string): string[] {
  const { partition, gres, cpus, memory } = settings;
  const given = { partition, gres, 'cpus-per-task': cpus, mem: memory };
  return [
    '--parsable',
    ...Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}=${value}`])),
    `--time=${settings.timeLimitMinutes}`,
    `--signal=B:TERM@${settings.signalSeconds}`,
    '--requeue',
    ...settings.options,
    `--job-name=${job.id}`,
    // Where two workers submit it at once, the second waits for the first, and finds the work done.
    '--dependency=singleton',
    `--chdir=${job.folder}`,
    `--output=${join(job.folder, logName(job)).replaceAll('%', '%%')}`,
    '--open-mode=append',
    script,
  ];
}

/** Which setting a refusal is about, by Slurm's words. */
const SETTINGS = [
  [/partition/i, 'partition'],
  [/gres|generic resource/i, 'gres'],
  [/memory|--mem/i, 'memory'],
  [/cpu/i, 'cpus'],
  [/time/i, 'timeLimitMinutes'],
  [/node configuration/i, 'gres, cpus and memory'],
  [/./, 'options'],
] as const;

function refusal(error: unknown, job: LaunchedJob): unknown {
  if (!(error instanceof LauncherError) || error.problem !== 'Refused') return error;
  const [, setting] = SETTINGS.find(([words]) => words.test(error.message)) ?? [];
  return new LauncherError('Refused', `Slurm refuses ${job.id}: ${error.message}; mend launcher.${setting}`);
}

/** What a watcher remembers of a job between two looks; times in milliseconds. */
interface Watch {
  lookedAt: number | undefined;
  started: string | undefined;
  jobs: readonly QueuedJob[];
  /** Since when squeue fails, and how. */
  blind: { readonly since: number; readonly message: string } | undefined;
  goneSince: number | undefined;
}

const unwatched = (): Watch => ({
  lookedAt: undefined,
  started: undefined,
  jobs: [],
  blind: undefined,
  goneSince: undefined,
});

async function stateOf(job: LaunchedJob, watch: Watch, timing: SlurmTiming): Promise<JobState> {
  const { started, exitCode } = await readFolder(job);
  // Done is done, whatever becomes of the Slurm job; any other end may be that of a life that Slurm requeues.
  if (exitCode === 0 && job.endless !== true) return { state: 'ended', exitCode };
  const begun = started !== watch.started;
  watch.started = started;
  await look(job, watch, begun ? 0 : exitCode === undefined ? timing.lookMs : timing.endLookMs, timing.blindMs);
  const blind = watch.blind && { detail: `squeue fails: ${watch.blind.message}` };
  const active = findActive(watch.jobs);
  if (active) {
    watch.goneSince = undefined;
    return { detail: active.place, ...blind, state: isWaiting(active) ? 'pending' : 'running' };
  }
  if (!watch.blind && exitCode !== undefined) return { state: 'ended', exitCode };
  watch.goneSince ??= Date.now();
  if (watch.blind || Date.now() - watch.goneSince < timing.goneMs) {
    return { ...blind, state: started ? 'running' : 'pending' };
  }
  const last = watch.jobs.at(-1);
  return { state: 'absent', detail: last ? `Slurm says ${last.state}` : 'Slurm does not know it' };
}

/** Asks squeue where that is due. Fails with Unreachable where it has failed for too long. */
async function look(job: LaunchedJob, watch: Watch, everyMs: number, blindMs: number): Promise<void> {
  if (watch.lookedAt !== undefined && Date.now() - watch.lookedAt < everyMs) return;
  try {
    watch.jobs = await ownJobs(job);
    watch.blind = undefined;
  } catch (error) {
    if (!(error instanceof LauncherError)) throw error;
    watch.blind = { since: watch.blind?.since ?? Date.now(), message: error.message };
    const minutes = (Date.now() - watch.blind.since) / 60_000;
    if (minutes * 60_000 < blindMs) return;
    const told = `squeue has failed for ${minutes.toFixed(0)} minutes, the job is left as it is: ${error.message}`;
    throw new LauncherError('Unreachable', `${job.id}: ${told}`);
  } finally {
    watch.lookedAt = Date.now();
  }
}

/** The latest life of a job that began, and the exit code of that very life. */
async function readFolder(job: LaunchedJob): Promise<{ started: string | undefined; exitCode: number | undefined }> {
  // Listing the folder makes a network file system look again for files that were not there.
  const names = await readdir(job.folder).catch(() => [] as string[]);
  const read = async (name: string) =>
    names.includes(name) ? (await readFile(join(job.folder, name), 'utf8').catch(() => '')).trim() : '';
  // The end first: a life that begins between the two reads makes it one of an earlier life.
  const [life, code] = (await read(EXIT_CODE)).split(' ');
  const started = (await read(STARTED)) || undefined;
  return { started, exitCode: started !== undefined && life === started ? Number(code) : undefined };
}

/** A job's Slurm jobs: those of its name that work in its folder; another store may have a run of the same name. */
async function ownJobs(job: LaunchedJob): Promise<QueuedJob[]> {
  return (await queuedJobs(job.id)).filter(({ folder }) => folder === job.folder);
}

/** States of a job that has no processes yet, or no more for now. */
const WAITING = /^(?:PENDING|CONFIGURING|REQUEUE\w*|SPECIAL_EXIT|RESV_DEL_HOLD)$/;
/** States of a job that has them. */
const RUNNING = /^(?:RUNNING|COMPLETING|SUSPENDED|STOPPED|SIGNALING|STAGE_OUT|RESIZING)$/;

const isWaiting = ({ state }: QueuedJob): boolean => WAITING.test(state);

function findActive(jobs: readonly QueuedJob[]): QueuedJob | undefined {
  return jobs.find(({ state }) => RUNNING.test(state)) ?? jobs.find(isWaiting);
}

/**
 * Ends a job. It tries again while the controller does not answer, since nobody else would: a cancelled activity is not
 * repeated.
 */
async function cancel(job: LaunchedJob, graceMs: number, timing: SlurmTiming): Promise<void> {
  const graceEnds = Date.now() + graceMs;
  const ends = graceEnds + timing.endMs;
  let told = false;
  for (;;) {
    try {
      const active = (await ownJobs(job)).filter((one) => findActive([one]));
      if (active.length === 0) return;
      const ids = active.map(({ id }) => id);
      if (active.some(isWaiting) || Date.now() >= graceEnds) await runSlurm('scancel', ids);
      else if (!told) {
        await runSlurm('scancel', ['--batch', '--signal=TERM', ...ids]);
        told = true;
      }
    } catch (error) {
      if (!(error instanceof LauncherError) || error.problem === 'Unavailable' || Date.now() > ends) throw error;
    }
    if (Date.now() > ends) throw new LauncherError('Unreachable', `${job.id}: Slurm has not ended the job; scancel it`);
    await sleep(timing.endLookMs);
  }
}
