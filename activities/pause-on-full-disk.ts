import { ApplicationFailure } from '@temporalio/activity';
import type { ActivityDeps } from './deps.ts';
import { failure } from './failures.ts';

/** A full disk, and a quota that is spent. */
const FULL = ['ENOSPC', 'EDQUOT'];

/** Works on a GPU node's disk; where that is full, the run pauses with Trainer.DiskFull, since only a person makes room. */
export async function pauseOnFullDisk<T>(deps: ActivityDeps, run: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const reason = ofOwnWriting(error) ?? error;
    if (reason instanceof ApplicationFailure && reason.type === 'Trainer.DiskFull') {
      await deps.gate.pause(run, { type: reason.type, message: reason.message });
    }
    throw reason;
  }
}

/** The failure behind an error of this process's own writing. */
function ofOwnWriting(error: unknown): ApplicationFailure | undefined {
  if (!FULL.includes((error as NodeJS.ErrnoException | undefined)?.code ?? '')) return undefined;
  const message = `no space left on the GPU node: ${(error as Error).message}; make room and resume`;
  return failure('Trainer.DiskFull', message);
}
