import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { endProcess, isAlive, readRegistry, startProcess, type ProcessRecord } from '../process.ts';
import { logName, type JobState, type LaunchedJob, type Launcher } from './launcher.ts';

/**
 * Runs jobs as processes of this machine. A job outlives the worker that started it: its process is found again in the
 * registry, and its exit code in its folder.
 *
 * @param registry folder of records of started processes
 */
export function localLauncher(registry: string): Launcher {
  return {
    reach: 'machine',
    async submit(job) {
      const { state } = await stateOf(registry, job);
      if (state === 'running') return;
      await rm(exitFile(job), { force: true });
      // The shell stays to write the exit code; a trap that is no-op, and not "ignore", leaves the signal to the trainer.
      await startProcess({
        name: job.id,
        command: 'sh',
        args: [
          '-c',
          'trap : TERM; file=$1; shift; "$@"; echo $? > "$file.tmp" && mv "$file.tmp" "$file"',
          'sh',
          exitFile(job),
          ...job.command,
        ],
        cwd: job.folder,
        logFile: join(job.folder, logName(job)),
        registry,
      });
    },
    state: (job) => stateOf(registry, job),
    async cancel(job, graceMs) {
      const record = await findRecord(registry, job);
      if (record) await endProcess(record, graceMs);
    },
  };
}

const exitFile = (job: LaunchedJob): string => join(job.folder, 'exit-code');

async function stateOf(registry: string, job: LaunchedJob): Promise<JobState> {
  // The process first: it may end, and write its code, between the two looks.
  const record = await findRecord(registry, job);
  if (record) return { state: 'running' };
  const text = await readFile(exitFile(job), 'utf8').catch(() => undefined);
  return text === undefined ? { state: 'absent' } : { state: 'ended', exitCode: Number(text) };
}

async function findRecord(registry: string, job: LaunchedJob): Promise<ProcessRecord | undefined> {
  for (const record of await readRegistry(registry)) {
    if (record.name === job.id && (await isAlive(record))) return record;
  }
  return undefined;
}
