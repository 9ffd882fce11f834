import { execFile } from 'node:child_process';
import { access, statfs } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { promisify } from 'node:util';
import type { NodeAsk, NodeLook } from '../domain/doctor.ts';
import { NodeReport } from '../domain/schemas/node.ts';
import { fillCommandPart } from './command.ts';
import type { ActivityDeps } from './deps.ts';

/** Milliseconds that Python may take to load what trains; a busy machine with a cold disk takes a minute. */
const TRAINER_MS = 150_000;

/** What this GPU node has of what a run needs: disk, programs, the base model, and the trainer with its devices. */
export async function checkNode(
  { node }: Pick<ActivityDeps, 'node'>,
  ask: NodeAsk,
  signal: AbortSignal,
): Promise<NodeLook> {
  const fill = (part: string): string => fillCommandPart(part, node.commandValues);
  const programs = [...new Set(ask.programs.map(fill))];
  const found = await Promise.all(programs.map((program) => hasProgram(program, signal)));
  const model = ask.baseModel === undefined ? undefined : fill(ask.baseModel);
  const disk = await statfs(node.home);
  return {
    home: node.home,
    remote: ask.remote,
    diskFreeBytes: disk.bavail * disk.bsize,
    missing: programs.filter((_, index) => !found[index]),
    ...(model !== undefined && isAbsolute(model) && !(await exists(model)) ? { missingModel: model } : {}),
    trainer: await lookAtTrainer(fill('{python}'), signal),
  };
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** Whether a shell of this worker would find a program. */
async function hasProgram(program: string, signal: AbortSignal): Promise<boolean> {
  return promisify(execFile)('/bin/sh', ['-c', 'command -v -- "$1"', 'sh', program], { signal }).then(
    () => true,
    () => {
      signal.throwIfAborted();
      return false;
    },
  );
}

async function lookAtTrainer(python: string, signal: AbortSignal): Promise<NodeLook['trainer']> {
  try {
    const { stdout } = await promisify(execFile)(python, ['-m', 'longwriter_trainer.node'], {
      timeout: TRAINER_MS,
      signal,
    });
    const { versions, devices, driver } = NodeReport.parse(JSON.parse(stdout));
    return {
      versions,
      driver,
      devices: devices.map(({ name, free_bytes, total_bytes }) => ({
        name,
        freeBytes: free_bytes,
        totalBytes: total_bytes,
      })),
    };
  } catch (error) {
    signal.throwIfAborted();
    return { problem: `${python}: ${reasonOf(error as Error & { stderr?: string; killed?: boolean })}` };
  }
}

/** The last line that Python said, which names what is wrong; a traceback stands before it. */
function reasonOf({ message, stderr = '', killed = false }: Error & { stderr?: string; killed?: boolean }): string {
  if (killed) return `no answer within ${TRAINER_MS / 1000} s`;
  return (stderr.trim() || message).split('\n').at(-1)!.slice(0, 200);
}
