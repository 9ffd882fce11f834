import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openStore } from '../activities/io/store/open.ts';
import type { Store } from '../activities/io/store/store.ts';
import { PROJECT, readEnvironment } from '../configs/env.ts';
import { loadConfig } from '../configs/load.ts';
import { reportKey } from '../domain/keys.ts';
import type { RunProgress } from '../domain/progress.ts';
import { openSession } from './connect.ts';
import { startPipeline } from './embedded/pipeline.ts';
import { stopOnSignals } from './embedded/services.ts';
import { CommandError, EXIT } from './exit.ts';
import {
  checkRunId,
  checkSameConfig,
  checkStages,
  describeRun,
  exitCodeOf,
  type FrozenConfig,
  findConfig,
  freezeConfig,
  isFinished,
  runProgress,
  startWorkflow,
  unpause,
} from './runs.ts';
import { readInputs, uploadInputs } from './upload-inputs.ts';
import { watchRun } from './watch.ts';

const say = (line: string): void => console.log(line);

try {
  process.exitCode = await quickstart();
} catch (error) {
  const known =
    error instanceof CommandError || ['AlreadyRunningError', 'EmbeddedError'].includes((error as Error).name);
  const isUsage =
    ['ConfigError', 'StoreError'].includes((error as Error).name) ||
    String((error as { code?: unknown }).code).startsWith('ERR_PARSE_ARGS');
  console.error(known || isUsage ? `longwriter: ${(error as Error).message}` : error);
  process.exitCode = error instanceof CommandError ? error.exitCode : isUsage ? EXIT.usage : EXIT.failed;
}

/** `npm start`: the whole pipeline on this machine, from where it stands; says at once where the report of a finished run is. */
async function quickstart(): Promise<number> {
  const { values } = parseArgs({
    options: {
      config: { type: 'string', default: join(PROJECT, 'configs', 'quickstart.yaml') },
      run: { type: 'string', default: 'quickstart' },
      set: { type: 'string', multiple: true, default: [] },
      until: { type: 'string' },
    },
  });
  const { run } = values;
  checkRunId(run);
  const stages = checkStages(values.until === undefined ? {} : { until: values.until });
  const { config, inputs } = await readInputs(await loadConfig(values.config, values.set), values.config);
  const store = openStore(readEnvironment().storeUrl);
  await store.check();
  const known = await findConfig(store, run);
  if (known) checkSameConfig(run, known.config, config);
  if (known && (await isFinished(store, run, known))) {
    say(`run ${run} is finished`);
    return tellReport(store, run);
  }

  const pipeline = await startPipeline(say);
  stopOnSignals(() => pipeline.stop());
  const session = await openSession(pipeline.environment);
  try {
    say(`Temporal UI: ${pipeline.services.uiUrl}/namespaces/default/workflows/${run}`);
    await uploadInputs(store, inputs);
    const frozen = await freezeConfig(store, run, config);
    // What stopped an earlier start, such as a missing key, may be mended by now.
    await unpause(session.client, store, run);
    if ((await describeRun(session.client, run))?.status.name === 'RUNNING') {
      say(`run ${run} goes on, through the stages that it was started with`);
    }
    await startWorkflow(session.client, run, frozen, stages);
    const look = () => runProgress(session.client, store, run);
    const progress = await Promise.race([watchRun(look, { print: say, leaveWhenPaused: true }), pipeline.broken]);
    return await tellEnd(store, run, progress, frozen);
  } finally {
    await session.close();
    await pipeline.stop();
  }
}

async function tellEnd(store: Store, run: string, progress: RunProgress, frozen: FrozenConfig): Promise<number> {
  if (progress.state !== 'completed') {
    say(`run ${run} is ${progress.state}; npm start goes on with it`);
    return EXIT.failed;
  }
  if (await isFinished(store, run, frozen)) return tellReport(store, run);
  say(`run ${run} has walked its stages; npm start goes on with the others`);
  return EXIT.done;
}

function tellReport(store: Store, run: string): Promise<number> {
  say(`report: ${store.url}/${reportKey(run)}`);
  return exitCodeOf(store, run, 'completed');
}
