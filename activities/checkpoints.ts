import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { log } from '@temporalio/activity';
import type { ActivityDeps } from './deps.ts';
import { downloadFolder, findManifest, uploadFolder } from './folder.ts';
import type { LaunchedJob } from './io/launcher/launcher.ts';
import { readEvents } from './watch-job.ts';

const EVENTS = 'events.jsonl';

/**
 * Uploads a checkpoint that the trainer finished, with the events so far, and removes older ones from the store; returns
 * whether it stands there.
 */
export async function uploadCheckpoint(
  deps: ActivityDeps,
  folder: string,
  local: string,
  keep: number,
): Promise<boolean> {
  const target = `${folder}/checkpoints/${basename(local)}`;
  if (await findManifest(deps.store, target)) return true;
  // The trainer removes its own old checkpoints; an event may be read after that.
  if (!(await isWhole(local))) return false;
  await uploadEvents(deps, folder, join(local, '..', '..'));
  try {
    await uploadFolder(deps.store, target, local, target);
  } catch (error) {
    // It was removed while it was uploaded, since newer ones are whole by now; those are uploaded next.
    if (!(await isWhole(local))) return false;
    throw error;
  }
  const steps = await storedSteps(deps, folder);
  for (const step of steps.slice(0, Math.max(0, steps.length - keep))) await removeCheckpoint(deps, folder, step);
  return true;
}

/** Puts what a trainer saved when it was told to end where the next attempt finds it, whose machine may be another. */
export async function uploadLastCheckpoint(
  deps: ActivityDeps,
  job: LaunchedJob,
  folder: string,
  keep: number,
): Promise<void> {
  const last = (await readEvents(job)).findLast(({ event }) => event === 'checkpoint-saved');
  if (last?.event !== 'checkpoint-saved') return;
  await uploadCheckpoint(deps, folder, last.path, keep).catch((error: unknown) => {
    log.warn('checkpoint could not be uploaded', { job: job.id, step: last.step, error: String(error) });
  });
}

/** Removes all checkpoints of a training from the store, whole ones and others, once its model stands. */
export async function removeCheckpoints(deps: ActivityDeps, folder: string): Promise<void> {
  await removeFolder(deps, `${folder}/checkpoints`);
}

function isWhole(local: string): Promise<boolean> {
  return readFile(join(local, 'complete.json')).then(
    () => true,
    () => false,
  );
}

/** The whole lines of a job's events, to the training's folder of the store: another node goes on where they end. */
async function uploadEvents(deps: ActivityDeps, folder: string, job: string): Promise<void> {
  const bytes = await readFile(join(job, EVENTS)).catch(() => undefined);
  if (bytes) await deps.store.putView(`${folder}/${EVENTS}`, bytes.subarray(0, bytes.lastIndexOf('\n') + 1));
}

/** Fetches the events that came before a checkpoint; a node that has some of its own keeps them. */
async function fetchEvents(deps: ActivityDeps, folder: string, job: string): Promise<void> {
  const local = join(job, EVENTS);
  // A trainer that this node still runs writes to its own.
  if (await readFile(local).catch(() => undefined)) return;
  if (await deps.store.find(`${folder}/${EVENTS}`)) await deps.store.download(`${folder}/${EVENTS}`, local);
}

/** Fetches the newest whole checkpoint of the store to a job's folder, with the events before it; null where there is none. */
export async function fetchCheckpoint(deps: ActivityDeps, folder: string, job: string): Promise<string | null> {
  const steps = await storedSteps(deps, folder);
  for (const step of steps.toReversed()) {
    const local = join(job, 'checkpoints', `step-${step}`);
    if (await downloadFolder(deps.store, `${folder}/checkpoints/step-${step}`, local)) {
      await fetchEvents(deps, folder, job);
      return local;
    }
  }
  return null;
}

/** Steps of the whole checkpoints in the store, ascending. */
async function storedSteps(deps: ActivityDeps, folder: string): Promise<number[]> {
  const steps: number[] = [];
  for await (const path of deps.store.list(`${folder}/checkpoints`)) {
    const match = /\/step-(\d+)\/manifest\.json$/.exec(path);
    if (match) steps.push(Number(match[1]));
  }
  return steps.toSorted((a, b) => a - b);
}

async function removeCheckpoint(deps: ActivityDeps, folder: string, step: number): Promise<void> {
  const prefix = `${folder}/checkpoints/step-${step}`;
  // The marker goes first, so that a half-removed checkpoint is never taken for a whole one.
  await deps.store.remove(`${prefix}/manifest.json`);
  await removeFolder(deps, prefix);
}

async function removeFolder(deps: ActivityDeps, folder: string): Promise<void> {
  const paths: string[] = [];
  for await (const path of deps.store.list(folder)) paths.push(path);
  for (const path of paths) await deps.store.remove(path);
}
