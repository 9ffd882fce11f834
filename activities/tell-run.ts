import { Context } from '@temporalio/activity';
import { PROGRESS_SIGNAL, type ProgressReport } from '../domain/progress.ts';

/** Tells a run how far a stage is; only for eyes: a run that is closed already needs none. */
export async function tellRun(run: string, report: ProgressReport): Promise<void> {
  await Context.current()
    .client.workflow.getHandle(run)
    .signal(PROGRESS_SIGNAL, report)
    .catch(() => undefined);
}
