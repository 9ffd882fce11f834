import type { Store } from '../activities/io/store/store.ts';
import { trainingsFolder } from '../domain/keys.ts';

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
