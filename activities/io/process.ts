import { execFile, spawn } from 'node:child_process';
import { mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

/** Milliseconds between two looks at a process that is to end. */
const LOOK_MS = 50;

/** A process that was started here, known again by its pid together with its start time. */
export interface ProcessRecord {
  readonly name: string;
  readonly pid: number;
  readonly startTime: string;
  readonly command: string;
  /** The record's own file. */
  readonly file: string;
}

/** A process with its own process group. */
export interface StartedProcess {
  readonly record: ProcessRecord;
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  /** Ends the whole group: SIGTERM, and after the grace time SIGKILL. */
  stop(graceMs: number): Promise<void>;
}

/** What to start, and where its output and its record go. */
export interface ProcessOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Output is appended here. */
  readonly logFile: string;
  /** Folder of records. */
  readonly registry: string;
}

/** Starts a process in a group of its own and records it, so that it can be found again after this process is gone. */
export async function startProcess(options: ProcessOptions): Promise<StartedProcess> {
  await mkdir(options.registry, { recursive: true });
  await mkdir(dirname(options.logFile), { recursive: true });
  const log = await open(options.logFile, 'a');
  const child = spawn(options.command, options.args, {
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: options.env }),
  });
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  try {
    await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject));
  } finally {
    await log.close();
  }
  const pid = child.pid!;
  const record = await writeRecord(options, pid).catch((error: unknown) => {
    // Without a record nobody could end it later.
    signalGroup(pid, 'SIGKILL');
    throw error;
  });
  void exited.then(() => {
    // Its group ends with it: once the record is gone, nobody would know what is left of the group.
    signalGroup(pid, 'SIGKILL');
    return rm(record.file, { force: true });
  });
  return {
    record,
    exited,
    async stop(graceMs) {
      await endProcess(record, graceMs);
      await exited;
    },
  };
}

/** Whether the very process of a record still runs. */
export async function isAlive({ pid, startTime }: Pick<ProcessRecord, 'pid' | 'startTime'>): Promise<boolean> {
  return (await startTimeOf(pid)) === startTime;
}

/** Ends a recorded process with its group and removes the record; a process that has taken over the pid is left alone. */
export async function endProcess(record: ProcessRecord, graceMs: number): Promise<void> {
  if (await isAlive(record)) {
    signalGroup(record.pid, 'SIGTERM');
    const deadline = Date.now() + graceMs;
    while ((await isAlive(record)) && Date.now() < deadline) await sleep(LOOK_MS);
    // Also when the leader has ended: a member of its group may not have, and keeps the pid from being used again.
    const startTime = await startTimeOf(record.pid);
    if (startTime === undefined || startTime === record.startTime) signalGroup(record.pid, 'SIGKILL');
    while (await isAlive(record)) await sleep(LOOK_MS);
  }
  await rm(record.file, { force: true });
}

/** The records of a registry. */
export async function readRegistry(registry: string): Promise<ProcessRecord[]> {
  const names = await readdir(registry).catch(() => [] as string[]);
  const records = await Promise.all(
    names
      .filter((name) => name.endsWith('.json'))
      .map(async (name) => {
        const file = join(registry, name);
        // A record may go while it is read: its process has just ended.
        const text = await readFile(file, 'utf8').catch(() => undefined);
        // An empty one is from a power cut, which ended its process too.
        return text ? [{ ...(JSON.parse(text) as Omit<ProcessRecord, 'file'>), file }] : [];
      }),
  );
  return records.flat();
}

/** Ends whatever a registry still knows as running, such as after a SIGKILL of the process that started it. */
export async function endLeftovers(registry: string, graceMs: number, log: (line: string) => void): Promise<void> {
  await Promise.all(
    (await readRegistry(registry)).map(async (record) => {
      if (await isAlive(record)) log(`ending ${record.name} (pid ${record.pid}), left running by an earlier start`);
      await endProcess(record, graceMs);
    }),
  );
}

/** When a process started, in whatever unit the system counts; undefined where none runs under that pid. */
export async function startTimeOf(pid: number): Promise<string | undefined> {
  if (process.platform !== 'linux') {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'lstart=', '-p', String(pid)]).catch(() => ({
      stdout: '',
    }));
    return stdout.trim() || undefined;
  }
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // The name, in brackets, may hold spaces and brackets itself; after it come the state and, 19 fields on, the start time.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields === undefined || fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}

async function writeRecord({ name, command, registry }: ProcessOptions, pid: number): Promise<ProcessRecord> {
  const file = join(registry, `${name.replace(/[^\w.-]/g, '_')}-${pid}.json`);
  const record = { name, pid, startTime: (await startTimeOf(pid)) ?? 'ended', command };
  await writeFile(`${file}.tmp`, JSON.stringify(record));
  await rename(`${file}.tmp`, file);
  return { ...record, file };
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
