import { z } from 'zod';
import { findJson } from '../activities/io/store/json.ts';
import type { Store } from '../activities/io/store/store.ts';
import { stageKey, trainingsFolder } from '../domain/keys.ts';
import { STORE_MODEL } from '../domain/names.ts';
import { ModelReference, StageRecord } from '../domain/schemas/run.ts';

const Trained = z.object({ model: z.object({ location: z.object({ folder: z.string() }) }) });

/** The store folder of the model that a run's SFT or DPO made, where it has finished. */
export async function findModel(store: Store, run: string, method: 'sft' | 'dpo'): Promise<string | undefined> {
  const record = await findJson(store, stageKey(run, method), StageRecord);
  return Trained.safeParse(record?.outcome).data?.model.location.folder;
}

const Based = z.object({ base: ModelReference });

/** The model that a finished SFT of a run began from, as a configuration names it. */
export async function findBase(store: Store, run: string): Promise<string | undefined> {
  const record = await findJson(store, stageKey(run, 'sft'), StageRecord);
  const location = Based.safeParse(record?.outcome).data?.base.location;
  if (location?.kind === 'store') return `${STORE_MODEL}${location.folder}`;
  return location?.kind === 'node' ? location.path : undefined;
}

/** What of a method's trainings a run's store holds: a whole model, or a checkpoint of one that is under way. */
export async function findTraining(
  store: Store,
  run: string,
  method: 'sft' | 'dpo',
): Promise<'finished' | 'begun' | undefined> {
  let found: 'begun' | undefined;
  for await (const path of store.list(trainingsFolder(run, method))) {
    if (path.endsWith('/model/manifest.json')) return 'finished';
    if (/\/checkpoints\/step-\d+\/manifest\.json$/.test(path)) found = 'begun';
  }
  return found;
}
