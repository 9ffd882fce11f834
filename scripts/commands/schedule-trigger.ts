import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowFailedError, type Client, type ScheduleDescription } from '@temporalio/client';
import type { reevaluate } from '../../workflows/reevaluate.ts';
import { withSession } from '../connect.ts';
import { CommandError, EXIT } from '../exit.ts';
import { chooseView, type ProgressView } from '../progress-view.ts';
import { runProgress } from '../run-progress.ts';
import { openSchedule } from '../schedules.ts';
import { printableJson, printableLine } from '../terminal.ts';
import { detachable, watchRun } from '../watch.ts';

/** Milliseconds that a server may take to start a firing, or to skip it. */
const START_MS = 10_000;

/** For programs: what came of it is one object. */
const SILENT: ProgressView = { show: () => undefined, end: () => undefined };

/** Until its firing begins, the run still shows the end of the firing before. */
function onlyUnderWay(view: ProgressView): ProgressView {
  return {
    show: (progress) => {
      if (progress.state === 'running' || progress.state === 'paused') view.show(progress);
    },
    end: () => view.end(),
  };
}

/** Fires a schedule now; with `watch` waits for what comes of it, and exits with 1 where it regressed or failed. */
export async function scheduleTrigger(
  id: string,
  { watch, json }: { readonly watch?: boolean; readonly json?: boolean },
): Promise<number> {
  return withSession(async ({ client, store }) => {
    const { handle, described } = await openSchedule(client, id);
    await handle.trigger('SKIP');
    const workflowId = await startedFiring(() => handle.describe(), described);
    if (workflowId === undefined)
      throw new CommandError(EXIT.failed, `schedule ${id} did not fire: an earlier firing is still under way`);
    if (!watch) {
      console.log(json ? JSON.stringify({ schedule: id, firing: workflowId }) : `schedule ${id} fires: ${workflowId}`);
      return EXIT.done;
    }
    return detachable(`longwriter status ${id} --watch`, async (signal) => {
      const result = resultOf(client, workflowId);
      // Told when it is waited for; a detached watcher leaves it.
      result.catch(() => undefined);
      const view = json ? SILENT : onlyUnderWay(await chooseView(false));
      await watchRun(() => runProgress(client, store, id), { view, signal, until: result });
      if (signal.aborted) return EXIT.interrupted;
      const { outcome, message } = await result;
      console.log(
        json
          ? printableJson({ schedule: id, firing: workflowId, outcome, message })
          : `${outcome}: ${printableLine(message, 1000)}`,
      );
      return outcome === 'steady' ? EXIT.done : EXIT.failed;
    });
  });
}

/** The id of the firing that was started since a look at the schedule; undefined where it was skipped. */
async function startedFiring(
  look: () => Promise<ScheduleDescription>,
  before: ScheduleDescription,
): Promise<string | undefined> {
  for (const deadline = Date.now() + START_MS; Date.now() < deadline; await sleep(100)) {
    const { info } = await look();
    if (info.numActionsTaken > before.info.numActionsTaken)
      return info.recentActions.at(-1)?.action.workflow.workflowId;
    if (info.numActionsSkippedOverlap > before.info.numActionsSkippedOverlap) return undefined;
  }
  throw new CommandError(EXIT.failed, `the server has not fired ${before.scheduleId} within ${START_MS / 1000} s`);
}

async function resultOf(client: Client, workflowId: string): Promise<{ outcome: string; message: string }> {
  try {
    return await client.workflow.getHandle<typeof reevaluate>(workflowId).result();
  } catch (error) {
    if (error instanceof WorkflowFailedError)
      return { outcome: 'failed', message: error.cause?.message ?? error.message };
    throw error;
  }
}
