import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { PROJECT } from '../../configs/env.ts';

/** Milliseconds that a process has to end by itself. */
const GRACE_MS = 5000;

/** A process that the bench started; it ends with the bench. */
export interface BenchProcess {
  readonly child: ChildProcess;
  /** Its first line on standard output. */
  readonly firstLine: Promise<string>;
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

/** Starts one of the project's programs. */
export function startProgram(
  script: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  flags: readonly string[] = [],
): BenchProcess {
  const child = spawn(process.execPath, [...flags, '--import', 'tsx', script, ...args], {
    env,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (data: Buffer) => (errors = (errors + data.toString()).slice(-4000)));
  const ended = once(child, 'exit');
  const firstLine = new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (data: Buffer) => resolve(data.toString().trim()));
    ended.then(() => reject(new Error(`${script} ended: ${errors}`)), reject);
  });
  firstLine.catch(() => undefined);
  const onExit = () => child.kill('SIGKILL');
  process.once('exit', onExit);
  return {
    child,
    firstLine,
    async stop(signal = 'SIGTERM') {
      process.off('exit', onExit);
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill(signal);
      const timer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** Milliseconds of processor time that a process has used; 0 where the system does not tell. */
export function cpuMs(pid: number | undefined): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
    // Fields 14 and 15 of proc(5), in hundredths of a second.
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return 0;
  }
}

/** Megabytes of memory that a process holds, and the most that it held; 0 where the system does not tell. */
export function memoryMb(pid: number | undefined): { readonly now: number; readonly peak: number } {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const of = (name: string) => Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024);
    return { now: of('VmRSS'), peak: of('VmHWM') };
  } catch {
    return { now: 0, peak: 0 };
  }
}

/** The JSON lines that a program prints; fails with what it said where it fails. */
export async function resultsOf<T>(command: string, args: readonly string[]): Promise<T[]> {
  const { stdout } = await promisify(execFile)(command, args, { cwd: PROJECT });
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as T);
}
