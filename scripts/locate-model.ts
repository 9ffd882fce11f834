import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Store } from '../activities/io/store/store.ts';
import { STORE_MODEL } from '../domain/names.ts';
import { CommandError, EXIT } from './exit.ts';
import { findBase, findModel } from './trainings.ts';

/**
 * A model as a configuration names it: RUN:sft becomes the folder of what that run trained, RUN:base what that began from, a
 * folder here its full path. Fails with exit code 4 where there is no such run, or no such model of it.
 */
export async function locateModel(store: Store, text: string): Promise<string> {
  const [, run, name] = /^([a-z0-9-]{1,40}):(base|sft|dpo)$/.exec(text) ?? [];
  if (run !== undefined) {
    const folder = name === 'base' ? undefined : await findModel(store, run, name as 'sft' | 'dpo');
    const place = name === 'base' ? await findBase(store, run) : folder && `${STORE_MODEL}${folder}`;
    if (place !== undefined) return place;
    const what = name === 'base' ? 'no finished sft, and so no base model' : `no finished ${name}`;
    throw new CommandError(EXIT.noSuchRun, `--model ${text}: run ${run} has ${what} in store ${store.url}`);
  }
  const isHere = await stat(text).then(
    (found) => found.isDirectory(),
    () => false,
  );
  return isHere ? resolve(text) : text;
}
