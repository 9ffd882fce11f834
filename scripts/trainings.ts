import { z } from 'zod';
import { findJson } from '../activities/io/store/json.ts';
import type { Store } from '../activities/io/store/store.ts';
import { stageKey, trainingsFolder } from '../domain/keys.ts';
import { StageRecord } from '../domain/schemas/run.ts';

const Trained = z.object({ model: z.object({ location: z.object({ folder: z.string() }) }) });

/** The store folder of the model that a run's SFT or DPO made, where it has finished. */
export async function findModel(store: Store, run: string, method: 'sft' | 'dpo'): Promise<string | undefined> {
  const record = await findJson(store, stageKey(run, method), StageRecord);
  return Trained.safeParse(record?.outcome).data?.model.location.folder;
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
