import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { LauncherError } from './launcher.ts';

/** Milliseconds that a command of Slurm may take; a controller that is busy is given about ten seconds by itself. */
const COMMAND_MS = 60_000;

/** What a command says of a controller, or of munge, that does not answer for now. */
const UNREACHABLE =
  /unable to contact slurm controller|connect(?:ion)? (?:failure|refused|timed out)|timed out|zero bytes|standby mode|temporarily (?:unable|unavailable)|communication|munge|authentication|could not establish a configuration source|unable to process configuration/i;

/**
 * Runs a command of Slurm and returns what it printed. Fails with LauncherError: Unavailable where there is no such
 * command, Unreachable where the controller does not answer, Refused with Slurm's own words otherwise.
 */
export async function runSlurm(command: string, args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(command, args, { timeout: COMMAND_MS });
    return stdout;
  } catch (error) {
    const { code, killed, stderr } = error as { code?: string | number; killed?: boolean; stderr?: string };
    if (code === 'ENOENT' || code === 'EACCES') {
      throw new LauncherError(
        'Unavailable',
        `${command} is not on this worker; run it where Slurm's commands are, such as a login node, or set the launcher to local`,
      );
    }
    const said = lastWords(stderr ?? '') || String(error);
    if (killed) throw new LauncherError('Unreachable', `${command} gave no answer in ${COMMAND_MS / 1000} s: ${said}`);
    throw new LauncherError(UNREACHABLE.test(said) ? 'Unreachable' : 'Refused', said);
  }
}

/** What a command complained of, in one line, without its own name. */
function lastWords(stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.replace(/^\w+: (?:error: )?/, '').trim());
  return lines.filter((line) => line !== '' && !line.startsWith('Try "')).join('; ');
}

/** A job as squeue lists it. */
export interface QueuedJob {
  readonly id: string;
  /** Such as RUNNING; squeue(1), JOB STATE CODES. */
  readonly state: string;
  /** The node of a running job, or why a pending one waits, in brackets. */
  readonly place: string;
  readonly folder: string;
}

/**
 * The caller's jobs of a name, newest last, with those that ended within Slurm's MinJobAge (minutes).
 * Fails as runSlurm does.
 */
export async function queuedJobs(name: string): Promise<QueuedJob[]> {
  const format = '%i|%T|%R|%Z';
  const args = ['--me', '--noheader', '--states=all', '--sort=i', `--name=${name}`, `--format=${format}`];
  const printed = await runSlurm('squeue', args);
  return printed.split('\n').flatMap((line) => {
    const [id, state, place, ...folder] = line.split('|');
    return id && state && place !== undefined ? [{ id: id.trim(), state, place, folder: folder.join('|') }] : [];
  });
}
