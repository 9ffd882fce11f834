import { controlKey } from '../domain/keys.ts';
import type { Control } from '../domain/schemas/run.ts';
import type { ActivityDeps } from './deps.ts';
import { jsonBytes } from './io/store/json.ts';

/** Lets a run make new calls, whatever paused it before: a firing of a schedule begins anew. */
export async function openRun({ store }: ActivityDeps, { run }: { readonly run: string }): Promise<void> {
  await store.putView(controlKey(run), jsonBytes({ paused: false } satisfies Control));
}
