import { cancellationDetails } from '@temporalio/activity';
import { LauncherError, type LaunchedJob, type Launcher } from './io/launcher/launcher.ts';
import { watchJob } from './watch-job.ts';

/**
 * Submits a job and watches it to its end. Fails with the Trainer.* failures.
 *
 * @param options.graceMs milliseconds that a cancelled job has to save
 */
export async function runJob(
  launcher: Launcher,
  job: LaunchedJob,
  { graceMs, ...options }: Parameters<typeof watchJob>[2] & { readonly graceMs: number },
): Promise<void> {
  await launcher.submit(job);
  try {
    await watchJob(launcher, job, options);
  } catch (error) {
    // A worker that shuts down, or that cannot ask after the job, leaves it to the next attempt; in every other case
    // nobody would watch it.
    const left = cancellationDetails()?.workerShutdown || error instanceof LauncherError;
    if (!left) await launcher.cancel(job, graceMs);
    throw error;
  }
}
