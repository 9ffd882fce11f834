import type { RunConfig } from '../configs/schema.ts';
import type { Session } from './connect.ts';
import { chooseView } from './progress-view.ts';
import { runProgress, type RunStatus } from './run-progress.ts';
import { describeRun, freezeConfig, startWorkflow, unpause, type RunOptions } from './runs.ts';
import { uploadInputs, type Input } from './upload-inputs.ts';
import { watchRun } from './watch.ts';

/** How a run that is walked is followed. */
export interface RunWatch {
  readonly say: (line: string) => void;
  /** Ends the watching, and not the run. */
  readonly signal: AbortSignal;
  /** Rejects where the services or workers that the run needs are gone. */
  readonly broken: Promise<never>;
}

/**
 * Starts a run, or goes on with it from where it stands, and follows it until it ends, pauses by itself, or the signal;
 * undefined where nothing was seen before that. Fails with exit code 2 where the run has another configuration.
 */
export async function walkRun(
  { client, store }: Session,
  run: string,
  { config, inputs }: { readonly config: RunConfig; readonly inputs: readonly Input[] },
  stages: RunOptions,
  { say, signal, broken }: RunWatch,
): Promise<RunStatus | undefined> {
  await uploadInputs(store, inputs);
  const frozen = await freezeConfig(store, run, config);
  // What stopped an earlier start, such as a missing key, may be mended by now.
  await unpause(client, store, run);
  if ((await describeRun(client, run))?.status.name === 'RUNNING')
    say(`run ${run} goes on, through the stages that it was started with`);
  await startWorkflow(client, run, frozen, stages);
  const look = async (): Promise<RunStatus> => {
    // Here it is the same command that goes on.
    const { next: _, ...progress } = await runProgress(client, store, run);
    return progress;
  };
  return Promise.race([watchRun(look, { view: await chooseView(false), leaveWhenPaused: true, signal }), broken]);
}
