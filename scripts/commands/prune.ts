import { temporalPlace } from '../../activities/io/temporal/connect.ts';
import { withSession, type Session } from '../connect.ts';
import { readDuration } from '../durations.ts';
import { CommandError, EXIT } from '../exit.ts';
import { anyUnderWay, heldRuns, type HeldRuns } from '../prune/held.ts';
import { isCall, pruneLines } from '../prune/listing.ts';
import { isSchedule, modelsOf, prunableFolders, unreadable, type Prunable } from '../prune/prunable.ts';
import { prunableOfMachine, removeLocal } from '../prune/machine.ts';
import { removeObjects, removeStored } from '../prune/remove.ts';
import { readStoredRuns, type StoredRun } from '../prune/stored-run.ts';
import { prunableCalls, prunableRun } from '../prune/whole-run.ts';
import { checkRunId } from '../runs.ts';
import { findSchedule } from '../schedules.ts';

/** What `longwriter prune` was told. */
export interface PruneOptions {
  /** Runs to remove as a whole. */
  readonly run: readonly string[];
  readonly calls?: boolean;
  readonly olderThan: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** What may go, and what is left alone though it is old, with why. */
interface Found {
  readonly prunable: readonly Prunable[];
  readonly left: readonly string[];
}

/**
 * Lists what may go of the store and of this machine, or with `yes` removes it. What is under way, what a schedule made and
 * what others name stays, and so does every model call unless it is asked for.
 */
export async function prune(options: PruneOptions): Promise<number> {
  const before = Date.now() - readDuration('--older-than', options.olderThan);
  options.run.forEach(checkRunId);
  if (options.calls && options.run.length === 0)
    throw new CommandError(EXIT.usage, '--calls removes what only runs paid for that go; name them by --run');
  return withSession(async (session) => {
    const { client, store, environment } = session;
    const { address } = await temporalPlace(environment);
    const { namespace } = client.options;
    const place = `${address}, namespace ${namespace}`;
    const { prunable, left } = await findPrunable(session, options, { before, place });
    if (options.yes) await removeAll(session, prunable);
    const removed = options.yes === true;
    if (options.json) console.log(JSON.stringify({ removed, store: store.url, address, namespace, prunable, left }));
    else {
      console.log(`store ${store.url}; what is under way is asked at ${place}`);
      for (const line of [...left, ...pruneLines(prunable, removed)]) console.log(line);
    }
    return EXIT.done;
  });
}

async function removeAll({ store }: Session, prunable: readonly Prunable[]): Promise<void> {
  const [calls, others] = [prunable.filter(isCall), prunable.filter((one) => !isCall(one))];
  await removeObjects(
    store,
    calls.map(({ path }) => path),
  );
  for (const { where, path } of others) await (where === 'store' ? removeStored(store, path) : removeLocal(path));
}

async function findPrunable(
  session: Session,
  options: PruneOptions,
  { before, place }: { readonly before: number; readonly place: string },
): Promise<Found> {
  const { client, store, environment } = session;
  const runs = await readStoredRuns(store);
  const held = await heldRuns(client, runs, { before, place });
  if (options.run.length > 0) return { prunable: await wholeRuns(session, options, runs, held), left: [] };
  const needed = new Set(runs.flatMap(({ configs }) => modelsOf(configs)));
  const allModels = unreadable(runs) !== undefined;
  const idle = runs.filter((run) => !run.trouble && !held.has(run.run) && !isSchedule(run) && run.changedAt < before);
  const spared = new Set([...held.keys(), ...runs.flatMap(({ run, trouble }) => (trouble ? [run] : []))]);
  return {
    prunable: [
      ...idle.flatMap((run) => prunableFolders(run, needed, allModels)),
      ...(await prunableOfMachine(environment.home, before, spared)),
    ],
    left: runs.flatMap(({ run, trouble, paused }) => {
      if (trouble) return [`run ${run} stays, and so do all trained models: ${trouble}`];
      const { why, isKnown } = held.get(run) ?? {};
      return why !== undefined && paused && !isKnown ? [why] : [];
    }),
  };
}

async function wholeRuns(
  { client, store }: Session,
  options: PruneOptions,
  runs: readonly StoredRun[],
  held: HeldRuns,
): Promise<Prunable[]> {
  const going = options.run.map((id) => chooseRun(id, runs, held));
  for (const { run } of going)
    if (await findSchedule(client, run))
      throw new CommandError(EXIT.usage, `schedule ${run} needs its run; longwriter schedule delete ${run} ends it`);
  const rest = runs.filter(({ run }) => !options.run.includes(run));
  const whole = going.map((run) => prunableRun(run, rest));
  if (!options.calls) return whole;
  // What rests on a call may stand in a workflow alone, until it writes its text.
  // Of a schedule the firings are under way, never its run, which no server knows.
  const [first] = runs.flatMap((run) => (isSchedule(run) ? [] : (held.get(run.run) ?? [])));
  const workflow = first ? undefined : await anyUnderWay(client);
  const why = first?.why ?? (workflow && `workflow ${workflow} is under way`);
  if (why !== undefined)
    throw new CommandError(
      EXIT.usage,
      `--calls: what is under way may rest on calls of another run; wait for its end (${why})`,
    );
  return [...(await prunableCalls(store, new Set(options.run), runs)), ...whole];
}

function chooseRun(id: string, runs: readonly StoredRun[], held: HeldRuns): StoredRun {
  const found = runs.find(({ run }) => run === id);
  if (!found) throw new CommandError(EXIT.noSuchRun, `there is no run ${id} in the store`);
  const stays = held.get(id);
  if (stays) throw new CommandError(EXIT.usage, stays.why);
  return found;
}
