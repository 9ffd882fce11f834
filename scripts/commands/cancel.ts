import { withSession } from '../connect.ts';
import { CommandError, EXIT } from '../exit.ts';
import { cancelWorkflow, checkRunId, describeRun, findConfig } from '../runs.ts';

/** Ends a run; what it has made stays, and resume goes on with it. */
export async function cancel(run: string): Promise<number> {
  checkRunId(run);
  return withSession(async ({ client, store }) => {
    if ((await describeRun(client, run))?.status.name !== 'RUNNING')
      throw new CommandError(EXIT.noSuchRun, `run ${run} is not running`);
    const frozen = await findConfig(store, run);
    await cancelWorkflow(client, run, frozen?.config.training.graceSeconds);
    console.log(`run ${run} is cancelled; longwriter resume ${run} goes on with it`);
    return EXIT.done;
  });
}
