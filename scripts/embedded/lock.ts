import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isAlive, startTimeOf } from '../../activities/io/process.ts';

/** What the lock of the embedded services says: who holds it, and where the services are. */
export interface Lock {
  readonly pid: number;
  readonly startTime: string;
  readonly temporalAddress?: string;
  readonly uiUrl?: string;
  readonly modelUrl?: string;
}

/** A second start beside a live one. */
export class AlreadyRunningError extends Error {
  override readonly name = 'AlreadyRunningError';
}

/** Takes the lock of a home folder. Fails with AlreadyRunningError; a lock whose holder is gone is taken over. */
export async function takeLock(
  home: string,
): Promise<{ update(lock: Partial<Lock>): Promise<void>; release(): Promise<void> }> {
  await mkdir(home, { recursive: true });
  const file = join(home, 'lock.json');
  const temporary = `${file}.${process.pid}.tmp`;
  const own: Lock = { pid: process.pid, startTime: (await startTimeOf(process.pid)) ?? '' };
  await writeFile(temporary, JSON.stringify(own));
  try {
    for (;;) {
      if (await linked(temporary, file)) break;
      const text = await readFile(file, 'utf8').catch(() => undefined);
      if (text === undefined) continue;
      // An empty one is from a power cut, which ended its holder too.
      const holder = text === '' ? undefined : (JSON.parse(text) as Lock);
      if (holder && (await isAlive(holder))) {
        const where = holder.uiUrl ? `, Temporal UI ${holder.uiUrl}` : '';
        throw new AlreadyRunningError(
          `already running in ${home} (pid ${holder.pid}${where}); end that one first, or watch it there`,
        );
      }
      await dropLock(file, text, `${temporary}.stale`);
    }
  } finally {
    await rm(temporary, { force: true });
  }
  let held = true;
  return {
    async update(lock) {
      await writeFile(temporary, JSON.stringify({ ...own, ...lock }));
      await rename(temporary, file);
    },
    async release() {
      // Once only: a second time it may be the lock of a later start.
      if (held) await rm(file, { force: true });
      held = false;
    },
  };
}

/** Whether the services and workers of a home are up: its lock's holder lives. */
export async function isHeld(home: string): Promise<boolean> {
  const text = await readFile(join(home, 'lock.json'), 'utf8').catch(() => '');
  return text !== '' && isAlive(JSON.parse(text) as Lock);
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Removes a lock whose holder is gone, unless another start has taken it since it was read. */
async function dropLock(file: string, text: string, aside: string): Promise<void> {
  try {
    await rename(file, aside);
    if ((await readFile(aside, 'utf8')) !== text) await linked(aside, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  } finally {
    await rm(aside, { force: true });
  }
}
