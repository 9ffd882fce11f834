import { withSession } from '../connect.ts';
import { CommandError, EXIT } from '../exit.ts';
import { cancelWorkflow, checkRunId, describeRun } from '../runs.ts';

/** Ends a run; what it has made stays, and resume goes on with it. */
export async function cancel(run: string): Promise<number> {
  checkRunId(run);
  return withSession(async ({ client }) => {
    if ((await describeRun(client, run))?.status.name !== 'RUNNING')
      throw new CommandError(EXIT.noSuchRun, `run ${run} is not running`);
    await cancelWorkflow(client, run);
    console.log(`run ${run} is cancelled; longwriter resume ${run} goes on with it`);
    return EXIT.done;
  });
}
