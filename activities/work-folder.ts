import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Works in a fresh local folder, which is removed afterwards. */
export async function inWorkFolder<T>(home: string, name: string, work: (folder: string) => Promise<T>): Promise<T> {
  const parent = join(home, 'work');
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, `${name}-`));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
