import { loadConfig } from '../../configs/load.ts';
import { STAGES } from '../../domain/names.ts';
import { withSession } from '../connect.ts';
import { CommandError, EXIT } from '../exit.ts';
import { readPriority } from '../priority.ts';
import { checkRunId, checkStages, checkWalk, findConfig } from '../runs.ts';
import { startRun } from '../start-run.ts';
import { checkDryRun, tellEstimate } from '../tell-estimate.ts';
import { readInputs } from '../upload-inputs.ts';

export interface StartOptions {
  readonly config: string;
  readonly run: string;
  readonly set: readonly string[];
  readonly from?: string;
  readonly until?: string;
  readonly dryRun?: boolean;
  readonly assume: readonly string[];
  readonly priority?: string;
  readonly json?: boolean;
}

/** Starts a run. The same configuration again says that it runs or is finished; another one is refused. */
export async function start(options: StartOptions): Promise<number> {
  const { run } = options;
  checkRunId(run);
  const stages = checkStages(options);
  const priority = readPriority(options.priority);
  const config = await loadConfig(options.config, options.set);
  const read = await readInputs(config, options.config);
  checkDryRun(options);
  if (options.dryRun) {
    const { assume, json = false } = options;
    return tellEstimate({ config, file: options.config }, { run, walk: stages, assume, json });
  }
  return withSession(async ({ client, store }) => {
    await store.check();
    checkWalk(run, read.config, stages);
    const isNew = !(await findConfig(store, run));
    if (isNew && stages.from !== undefined && stages.from !== STAGES[0]) {
      throw new CommandError(
        EXIT.usage,
        `--from ${stages.from}: run ${run} is new, so no earlier stage has made anything`,
      );
    }
    const state = await startRun({ client, store }, run, read, { ...stages, ...priority });
    const said = {
      started: `started; longwriter status ${run} --watch follows it`,
      running: `is running; longwriter status ${run} --watch follows it`,
      completed: `is finished; longwriter status ${run} shows it`,
    };
    console.log(options.json ? JSON.stringify({ run, state }) : `run ${run} ${said[state]}`);
    return EXIT.done;
  });
}
