import type { Store } from '../../activities/io/store/store.ts';
import { ledgerFolder } from '../../domain/keys.ts';
import { CommandError, EXIT } from '../exit.ts';
import { modelsOf, unreadable, type Prunable } from './prunable.ts';
import { isTraining, type StoredRun } from './stored-run.ts';

const VIEW = /^runs\/[^/]+\/(?:samples|selections|(?:preferences|evaluations)\/[^/]+\/(?:completions|judgements))\//;

/** Views that are read at a time. */
const AT_ONCE = 16;

/** A whole run as something that may go. Fails with exit code 2 where another run names a model of it, or may. */
export function prunableRun(run: StoredRun, runs: readonly StoredRun[]): Prunable {
  const user = runs.find(
    (other) => other.run !== run.run && modelsOf(other.configs).some((model) => model.startsWith(`runs/${run.run}/`)),
  );
  if (user)
    throw new CommandError(
      EXIT.usage,
      `run ${run.run} stays: run ${user.run} names a model of it; prune that one first`,
    );
  const other = unreadable(runs);
  if (other && run.folders.some(({ kind, isWhole }) => isWhole && isTraining(kind)))
    throw new CommandError(
      EXIT.usage,
      `run ${run.run} stays: run ${other.run} may name a model of it (${other.trouble}); prune that one first`,
    );
  const { sizeBytes, objects } = run;
  return { where: 'store', path: `runs/${run.run}`, why: 'named by --run', sizeBytes, objects };
}

/**
 * The calls that runs paid for, by their ledgers, but those that a view of another run rests on. Reads the views of all
 * other runs.
 */
export async function prunableCalls(
  store: Store,
  going: ReadonlySet<string>,
  runs: readonly StoredRun[],
): Promise<Prunable[]> {
  const paid = new Set<string>();
  for (const run of going)
    for await (const path of store.list(ledgerFolder(run))) paid.add(path.split('/').at(-1)!.split('-')[0]!);
  for (const { run } of runs)
    if (paid.size > 0 && !going.has(run)) for (const call of await callsOfViews(store, run)) paid.delete(call);
  const calls: Prunable[] = [];
  if (paid.size === 0) return calls;
  for await (const { path, sizeBytes } of store.describe('calls'))
    if (paid.has(path.split('/').at(-1)!.slice(0, 32)))
      calls.push({ where: 'store', path, why: 'paid for by runs that go', sizeBytes, objects: 1 });
  return calls;
}

/** The first 32 characters of every fingerprint that a run's views name, as a ledger writes them. */
async function callsOfViews(store: Store, run: string): Promise<ReadonlySet<string>> {
  const views: string[] = [];
  for await (const path of store.list(`runs/${run}`)) if (VIEW.test(path)) views.push(path);
  const found = new Set<string>();
  for (let at = 0; at < views.length; at += AT_ONCE) {
    const texts = await Promise.all(views.slice(at, at + AT_ONCE).map((path) => store.find(path)));
    for (const bytes of texts)
      for (const [call] of new TextDecoder().decode(bytes).matchAll(/\b[0-9a-f]{64}\b/g)) found.add(call.slice(0, 32));
  }
  return found;
}
