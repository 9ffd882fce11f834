import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isHeld } from '../embedded/lock.ts';
import type { Prunable } from './prunable.ts';

/**
 * What this machine's home holds of earlier work and has not touched for a while: folders of jobs whose run is not under
 * way, temporary folders and logs; and fetched models where no run is under way at all.
 *
 * @param before milliseconds since 1970: what is newer stays
 * @param held the runs that are under way, or may be
 */
export async function prunableOfMachine(
  home: string,
  before: number,
  held: Pick<ReadonlySet<string>, 'has' | 'size'>,
): Promise<Prunable[]> {
  const jobs = await children(join(home, 'work', 'jobs'));
  const models = held.size === 0 ? await children(join(home, 'work', 'models')) : [];
  // One that is open would go on growing without a name.
  const logs = (await isHeld(home)) ? [] : await children(join(home, 'logs'));
  const candidates = [
    ...jobs
      .filter(({ name }) => !held.has(name.split('.')[0]!))
      .map(({ path }) => ({ path, why: 'a job that is over' })),
    ...models.map(({ path }) => ({ path, why: 'a fetched model; it is fetched again when it is needed' })),
    ...(await children(join(home, 'work', 'temporary'))).map(({ path }) => ({ path, why: 'left by a killed worker' })),
    ...logs.map(({ path }) => ({ path, why: 'log' })),
  ];
  const measured = await Promise.all(candidates.map(async (one) => ({ ...one, ...(await measure(one.path)) })));
  return measured.flatMap(({ changedAt, ...one }) =>
    changedAt < before ? [{ where: 'machine', ...one } as const] : [],
  );
}

/** Removes a file or folder of this machine. */
export const removeLocal = (path: string): Promise<void> => rm(path, { recursive: true, force: true });

async function children(folder: string): Promise<{ name: string; path: string }[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
  return names.map((name) => ({ name, path: join(folder, name) }));
}

interface Measured {
  readonly sizeBytes: number;
  readonly objects: number;
  readonly changedAt: number;
}

/** Size and newest change of a file, or of all below a folder. */
async function measure(path: string): Promise<Measured> {
  const found = await stat(path).catch(() => undefined);
  if (!found) return { sizeBytes: 0, objects: 0, changedAt: 0 };
  if (!found.isDirectory()) return { sizeBytes: found.size, objects: 1, changedAt: found.mtimeMs };
  const inside = await Promise.all((await children(path)).map((child) => measure(child.path)));
  return inside.reduce(
    (sum, one) => ({
      sizeBytes: sum.sizeBytes + one.sizeBytes,
      objects: sum.objects + one.objects,
      changedAt: Math.max(sum.changedAt, one.changedAt),
    }),
    { sizeBytes: 0, objects: 0, changedAt: found.mtimeMs },
  );
}
