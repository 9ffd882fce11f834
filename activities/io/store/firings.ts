import { firingsFolder } from '../../../domain/keys.ts';
import { Firing } from '../../../domain/schemas/evaluation.ts';
import { readJson } from './json.ts';
import type { Store } from './store.ts';

/** All firings of a schedule's run, oldest first. */
export async function readFirings(store: Store, run: string): Promise<Firing[]> {
  const firings: Firing[] = [];
  for await (const path of store.list(firingsFolder(run)))
    if (path.endsWith('.json')) firings.push(await readJson(store, path, Firing));
  return firings.toSorted((a, b) => Date.parse(a.scheduledAt) - Date.parse(b.scheduledAt));
}
