import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** What a temporary file's name ends in, also the lock of rename-if.ts. */
export const TEMPORARY = /\.[0-9a-f-]{36}\.tmp$/;
const temporaryName = (target: string): string => `${target}.${randomUUID()}.tmp`;

/** Copies a file, sharing its blocks where the disk can. */
export const copy = (from: string, to: string): Promise<void> => copyFile(from, to, constants.COPYFILE_FICLONE);

/** Makes a file beside its target and moves it there. */
export async function appear(target: string, make: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = temporaryName(target);
  try {
    await make(temporary);
    await rename(temporary, target);
  } finally {
    // Also after success: renaming one link of a file onto another link of it does nothing and leaves the first.
    await rm(temporary, { force: true });
  }
}

/** Writes a temporary file beside its target, flushed, and gives it to what finishes it. */
export async function withTemporary<T>(
  target: string,
  bytes: Uint8Array,
  finish: (temporary: string, target: string) => Promise<T>,
): Promise<T> {
  const temporary = temporaryName(target);
  try {
    const file = await inFolder(temporary, () => open(temporary, 'wx'));
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    return await finish(temporary, target);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Makes a file without content, which has no other half that could be missing. */
export async function createEmpty(target: string): Promise<boolean> {
  try {
    await (await inFolder(target, () => open(target, 'wx'))).close();
    return true;
  } catch (error) {
    if (code(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Makes something in a folder, which is nearly always there already. */
async function inFolder<T>(path: string, make: () => Promise<T>): Promise<T> {
  try {
    return await make();
  } catch (error) {
    if (code(error) !== 'ENOENT') throw error;
    await makeFolder(dirname(path));
    return make();
  }
}

/** The system's name of an error, such as ENOENT. */
export function code(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code;
}

/** Makes a folder and those above it. Node's own recursive mkdir never returns where the system refuses, as in /proc. */
export async function makeFolder(folder: string): Promise<void> {
  const made = await mkdir(folder).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (made === undefined || code(made) === 'EEXIST') return;
  const parent = dirname(folder);
  if (code(made) !== 'ENOENT' || parent === folder) throw made;
  await makeFolder(parent);
  await mkdir(folder).catch((error: unknown) => {
    if (code(error) !== 'EEXIST') throw error;
  });
}
