import { openStore } from '../../activities/io/store/open.ts';
import type { Store } from '../../activities/io/store/store.ts';
import { reportKey } from '../../domain/keys.ts';
import { readEnvironment } from '../../configs/env.ts';
import { withSession, type Session } from '../connect.ts';
import { EXIT } from '../exit.ts';
import { chooseView, printProgress } from '../progress-view.ts';
import { exitCodeOf, runProgress } from '../run-progress.ts';
import { paidSoFar } from '../paid.ts';
import { listRuns, runLines } from '../run-list.ts';
import { checkRunId, findConfig, openRun } from '../runs.ts';
import { printableJson } from '../terminal.ts';
import { findModel } from '../trainings.ts';
import { runAddress } from '../ui-address.ts';
import { detachable, watchRun } from '../watch.ts';

/** Milliseconds that a single look waits for a worker, and for a long ledger: together with the start less than a second. */
const PATIENCE = { queryMs: 300, paidMs: 400 };

export interface StatusOptions {
  readonly watch?: boolean;
  readonly json?: boolean;
}

/** Shows how far a run is, once or until it ends, or without one all runs. Ctrl-C ends the watching, not the run. */
export async function status(run: string | undefined, options: StatusOptions): Promise<number> {
  if (run !== undefined) {
    checkRunId(run);
    addUpEarly(run);
  }
  return withSession((session) => {
    if (run === undefined) return showRuns(session, options.json ?? false);
    return options.watch ? follow(session, run, options) : showOnce(session, run, options);
  });
}

/** Begins to add the ledger up while the server is connected to; the look itself finds the sum, or fails as this did. */
function addUpEarly(run: string): void {
  const store = openStore(readEnvironment().storeUrl);
  findConfig(store, run)
    .then((frozen) => frozen && paidSoFar(store, run, frozen.config, PATIENCE.paidMs))
    .catch(() => undefined);
}

async function showOnce(session: Session, run: string, { json }: StatusOptions): Promise<number> {
  const { client, store, environment } = session;
  const progress = await runProgress(client, store, run, PATIENCE);
  const address = runAddress(environment, client.options.namespace, run);
  if (json) console.log(printableJson({ ...progress, ...(address ? { ui: address } : {}) }));
  else {
    printProgress(progress);
    if (address) console.log(`Temporal UI: ${address.run}\nits parts:   ${address.list}`);
    await tellMade(store, run);
  }
  return exitCodeOf(store, run, progress.state);
}

function follow(session: Session, run: string, { json }: StatusOptions): Promise<number> {
  const { client, store, environment } = session;
  return detachable(`longwriter status ${run} --watch`, async (signal) => {
    await openRun(client, store, run);
    const address = runAddress(environment, client.options.namespace, run);
    if (!json && address) console.log(`Temporal UI: ${address.run}`);
    const look = () => runProgress(client, store, run);
    const progress = await watchRun(look, { view: await chooseView(json ?? false), signal });
    if (!progress || signal.aborted) return EXIT.interrupted;
    if (!json) {
      await tellMade(store, run);
    }
    return exitCodeOf(store, run, progress.state);
  });
}

/** Where the models and the report are that a run has made. */
async function tellMade(store: Store, run: string): Promise<void> {
  const [sft, dpo, report] = await Promise.all([
    findModel(store, run, 'sft'),
    findModel(store, run, 'dpo'),
    store.find(reportKey(run)),
  ]);
  if (sft !== undefined) console.log(`sft model: ${store.url}/${sft}`);
  if (dpo !== undefined) console.log(`dpo model: ${store.url}/${dpo}`);
  if (report) console.log(`report: ${store.url}/${reportKey(run)}`);
}

async function showRuns({ client, store }: Session, json: boolean): Promise<number> {
  const runs = await listRuns(client, store);
  if (json) console.log(printableJson(runs));
  else if (runs.length === 0)
    console.log(`there are no runs in store ${store.url}; to begin one: npm run longwriter -- start --help`);
  else for (const line of runLines(runs)) console.log(line);
  return EXIT.done;
}
