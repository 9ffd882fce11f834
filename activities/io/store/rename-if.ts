import { link, rename, rm, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { StoreError } from './store.ts';
import { code } from './whole-file.ts';

/** Between two looks at another's lock, milliseconds. */
const LOOK_MS = 10;

/** How many looks in a row find the same lock before its holder counts as dead, some two seconds; alive it takes a few. */
const DEAD_LOOKS = 200;

/**
 * Puts a file in the place of its target if a condition still holds of that, alone among all processes that share the
 * disk; `false` where it does not hold. The lock is a second link to the file and is itself renamed onto the target: who
 * dies leaves the target as it was, and a lock that others break.
 *
 * Fails with StoreError `Unavailable` when its lock was broken while it stood still. Two could replace the same version only
 * if one stood still for two seconds exactly between its last look at the lock and the rename that follows.
 */
export async function renameIf(file: string, target: string, holds: () => Promise<boolean>): Promise<boolean> {
  const lock = `${target}.00000000-0000-0000-0000-000000000000.tmp`;
  const own = await identify(file);
  await take(file, lock);
  try {
    if (!(await holds())) return false;
    if ((await identify(lock)) === own && (await isDone(rename(lock, target), 'ENOENT'))) return true;
    throw new StoreError('Unavailable', `the lock of ${target} was broken`);
  } finally {
    if ((await identify(lock)) === own) await rm(lock, { force: true });
  }
}

async function take(file: string, lock: string): Promise<void> {
  for (let looks = 0, seen: string | undefined; !(await isDone(link(file, lock), 'EEXIST')); looks += 1) {
    const holder = await identify(lock);
    if (holder !== seen) [looks, seen] = [0, holder];
    if (looks > DEAD_LOOKS) await rm(lock, { force: true });
    // Looks are counted, not time: a machine that slept has not looked.
    await sleep(LOOK_MS);
  }
}

/** Whether a step was done, or not for one reason. */
async function isDone(step: Promise<void>, reason: string): Promise<boolean> {
  try {
    await step;
    return true;
  } catch (error) {
    if (code(error) === reason) return false;
    throw error;
  }
}

/** Tells a file from a later one that was given the same inode. */
async function identify(path: string): Promise<string | undefined> {
  try {
    const { ino, mtimeNs } = await stat(path, { bigint: true });
    return `${ino} ${mtimeNs}`;
  } catch (error) {
    if (code(error) === 'ENOENT') return undefined;
    throw error;
  }
}
