import { withSession } from '../connect.ts';
import { CommandError, EXIT } from '../exit.ts';
import { checkRunId, describeRun, pause as pauseRun } from '../runs.ts';

/** Stops a run's new model calls within a second; calls under way end, and nothing is lost. */
export async function pause(run: string): Promise<number> {
  checkRunId(run);
  return withSession(async ({ client, store }) => {
    if ((await describeRun(client, run))?.status.name !== 'RUNNING')
      throw new CommandError(EXIT.noSuchRun, `run ${run} is not running`);
    await pauseRun(client, store, run);
    console.log(`run ${run} is paused; longwriter resume ${run} goes on with it`);
    return EXIT.done;
  });
}
