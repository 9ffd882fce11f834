import { reportKey } from '../../domain/keys.ts';
import { paidLine, stageLine } from '../../domain/progress.ts';
import { openSession } from '../connect.ts';
import { CommandError, EXIT } from '../exit.ts';
import { checkRunId, exitCodeOf, findConfig, runProgress } from '../runs.ts';
import { findModel } from '../trainings.ts';
import { watchRun } from '../watch.ts';

/** Shows how far a run is, once or until it ends. Ctrl-C ends the watching, not the run. */
export async function status(
  run: string,
  options: { readonly watch?: boolean; readonly json?: boolean },
): Promise<number> {
  checkRunId(run);
  const session = await openSession();
  const detach = new AbortController();
  process.once('SIGINT', () => detach.abort());
  try {
    const { client, store } = session;
    if (!(await findConfig(store, run)))
      throw new CommandError(EXIT.noSuchRun, `there is no run ${run} in store ${store.url}`);
    const look = () => runProgress(client, store, run);
    const print = (line: string) => console.log(line);
    const { signal } = detach;
    const progress = options.watch
      ? await watchRun(look, { print, json: options.json ?? false, signal })
      : await look();
    if (!options.watch) {
      if (options.json) print(JSON.stringify(progress));
      else {
        print(`run ${run}: ${progress.state}${progress.message === '' ? '' : `, ${progress.message}`}`);
        for (const stage of progress.stages) print(stageLine(stage));
        const paid = paidLine(progress);
        if (paid) print(paid);
      }
    }
    if (!options.json) {
      for (const method of ['sft', 'dpo'] as const) {
        const folder = await findModel(store, run, method);
        if (folder !== undefined) print(`${method} model: ${store.url}/${folder}`);
      }
    }
    if (!options.json && (await store.find(reportKey(run)))) print(`report: ${store.url}/${reportKey(run)}`);
    if (signal.aborted) return EXIT.interrupted;
    return await exitCodeOf(store, run, progress.state);
  } finally {
    await session.close();
  }
}
