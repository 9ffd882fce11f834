import { withSession } from '../connect.ts';
import { EXIT } from '../exit.ts';
import { checkRunId, openRun, pause as pauseRun } from '../runs.ts';

/** Stops a run's new model calls within a second; calls under way end, and nothing is lost. One that has ended is left alone. */
export async function pause(run: string, { json }: { readonly json?: boolean }): Promise<number> {
  checkRunId(run);
  return withSession(async ({ client, store }) => {
    const { state } = await openRun(client, store, run);
    const isUnderWay = state === 'running';
    if (isUnderWay) await pauseRun(client, store, run);
    const now = isUnderWay ? 'paused' : state;
    if (json) console.log(JSON.stringify({ run, state: now }));
    else if (isUnderWay || state === 'paused')
      console.log(`run ${run} is paused${isUnderWay ? '' : ' already'}; longwriter resume ${run} goes on with it`);
    else console.log(`run ${run} is ${state}: there is nothing to pause`);
    return EXIT.done;
  });
}
