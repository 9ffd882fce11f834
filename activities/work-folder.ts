import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

const LEFT_BY = /-(\d+)-\w{6}$/;

/**
 * Works in a fresh local folder, which is removed afterwards; what killed processes left of their own is removed first.
 * Two attempts of one activity never share one.
 */
export async function inWorkFolder<T>(home: string, name: string, work: (folder: string) => Promise<T>): Promise<T> {
  const parent = join(home, 'work', 'temporary');
  await mkdir(parent, { recursive: true });
  for (const left of await readdir(parent)) {
    const [, pid] = LEFT_BY.exec(left) ?? [];
    if (pid !== undefined && !isAlive(Number(pid))) await rm(join(parent, left), { recursive: true, force: true });
  }
  const folder = await mkdtemp(join(parent, `${name}-${process.pid}-`));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
