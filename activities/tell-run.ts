import { Context } from '@temporalio/activity';
import { PROGRESS_SIGNAL, type ProgressReport } from '../domain/progress.ts';

/** Tells a run, and the workflow that this activity is of, how far a stage is; only for eyes: a closed one needs none. */
export async function tellRun(run: string, report: ProgressReport): Promise<void> {
  const { client, info } = Context.current();
  const own = info.workflowExecution?.workflowId ?? run;
  for (const id of new Set([run, own]))
    await client.workflow
      .getHandle(id)
      .signal(PROGRESS_SIGNAL, report)
      .catch(() => undefined);
}
