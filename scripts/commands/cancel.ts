import { withSession } from '../connect.ts';
import { EXIT } from '../exit.ts';
import { cancelWorkflow, checkRunId, findConfig, openRun } from '../runs.ts';

/**
 * Ends a run; what it has made stays, and resume goes on with it. One that has ended is left alone, and with no worker up it
 * ends once one is.
 */
export async function cancel(run: string, { json }: { readonly json?: boolean }): Promise<number> {
  checkRunId(run);
  return withSession(async ({ client, store }) => {
    const { state } = await openRun(client, store, run);
    if (state !== 'running' && state !== 'paused') {
      console.log(json ? JSON.stringify({ run, state }) : `run ${run} is ${state} already`);
      return EXIT.done;
    }
    const frozen = await findConfig(store, run);
    const ended = await cancelWorkflow(client, run, frozen?.config.training.graceSeconds);
    const text = ended
      ? `run ${run} is cancelled; longwriter resume ${run} goes on with it`
      : `run ${run} is to be cancelled, which takes effect once a worker is up (longwriter dev, or worker pipeline)`;
    console.log(json ? JSON.stringify({ run, state: ended ? 'cancelled' : 'cancelling' }) : text);
    return EXIT.done;
  });
}
