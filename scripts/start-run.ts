import type { RunConfig } from '../configs/schema.ts';
import type { Session } from './connect.ts';
import { CommandError, EXIT } from './exit.ts';
import {
  checkSameConfig,
  describeRun,
  findConfig,
  freezeConfig,
  isFinished,
  startWorkflow,
  type RunOptions,
} from './runs.ts';
import { uploadInputs, type Input } from './upload-inputs.ts';

/** What a start found: it began the run, or the run was under way or finished already. */
export type StartState = 'started' | 'running' | 'completed';

/**
 * Starts a run unless it runs or is finished already; says which. Fails with exit code 2 where the run has another
 * configuration, and 1 where it ended in another way.
 */
export async function startRun(
  { client, store }: Pick<Session, 'client' | 'store'>,
  run: string,
  { config, inputs }: { readonly config: RunConfig; readonly inputs: readonly Input[] },
  options: RunOptions,
): Promise<StartState> {
  const known = await findConfig(store, run);
  if (known) checkSameConfig(run, known.config, config);
  const status = (await describeRun(client, run))?.status.name;
  if (status === 'RUNNING') return 'running';
  if (known && (await isFinished(store, run, known))) return 'completed';
  if (known && status !== undefined && status !== 'COMPLETED')
    throw new CommandError(
      EXIT.failed,
      `run ${run} ended as ${status.toLowerCase()}; longwriter resume ${run} goes on with it`,
    );
  await uploadInputs(store, inputs);
  await startWorkflow(client, run, await freezeConfig(store, run, config), options);
  return 'started';
}

/** Says what became of the start of a run that is one stage, and how to see it. */
export function tellStarted(run: string, state: StartState, json: boolean): void {
  if (json) {
    console.log(JSON.stringify({ run, state }));
    return;
  }
  const text = { started: 'started', running: 'is running', completed: 'is finished' }[state];
  const how = state === 'completed' ? 'shows it' : '--watch follows it';
  console.log(`run ${run} ${text}; longwriter status ${run} ${how}`);
}
