import { loadConfig } from '../../configs/load.ts';
import { STAGES } from '../../domain/names.ts';
import { withSession } from '../connect.ts';
import { CommandError, EXIT } from '../exit.ts';
import {
  checkRunId,
  checkSameConfig,
  checkStages,
  describeRun,
  findConfig,
  freezeConfig,
  isFinished,
  startWorkflow,
} from '../runs.ts';
import { readInputs, uploadInputs } from '../upload-inputs.ts';

export interface StartOptions {
  readonly config: string;
  readonly run: string;
  readonly set: readonly string[];
  readonly from?: string;
  readonly until?: string;
  readonly json?: boolean;
}

/** Starts a run. The same configuration again says that it runs or is finished; another one is refused. */
export async function start(options: StartOptions): Promise<number> {
  const { run } = options;
  checkRunId(run);
  const stages = checkStages(options);
  const { config, inputs } = await readInputs(await loadConfig(options.config, options.set), options.config);
  return withSession(async ({ client, store }) => {
    await store.check();
    const known = await findConfig(store, run);
    if (!known && stages.from !== undefined && stages.from !== STAGES[0]) {
      throw new CommandError(
        EXIT.usage,
        `--from ${stages.from}: run ${run} is new, so no earlier stage has made anything`,
      );
    }
    if (known) checkSameConfig(run, known.config, config);
    const status = (await describeRun(client, run))?.status.name;
    const say = (state: string, text: string) =>
      console.log(options.json ? JSON.stringify({ run, state }) : `run ${run} ${text}`);
    if (status === 'RUNNING') say('running', `is running; longwriter status ${run} --watch follows it`);
    else if (known && (await isFinished(store, run, known)))
      say('completed', `is finished; longwriter status ${run} shows it`);
    else if (known && status !== undefined && status !== 'COMPLETED') {
      throw new CommandError(
        EXIT.failed,
        `run ${run} ended as ${status.toLowerCase()}; longwriter resume ${run} goes on with it`,
      );
    } else {
      await uploadInputs(store, inputs);
      await startWorkflow(client, run, await freezeConfig(store, run, config), stages);
      say('started', `started; longwriter status ${run} --watch follows it`);
    }
    return EXIT.done;
  });
}
