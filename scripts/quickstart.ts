import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openStore } from '../activities/io/store/open.ts';
import type { Store } from '../activities/io/store/store.ts';
import { PROJECT, readEnvironment } from '../configs/env.ts';
import { loadConfig } from '../configs/load.ts';
import { reportKey } from '../domain/keys.ts';
import { outliveReader } from './closed-pipe.ts';
import { EXIT } from './exit.ts';
import { exitCodeOf, type RunStatus } from './run-progress.ts';
import { checkRunId, checkSameConfig, checkStages, findConfig, isFinished } from './runs.ts';
import { tellError, tellUncaught } from './tell-error.ts';
import { readInputs } from './upload-inputs.ts';
import { walkRun } from './walk-run.ts';
import { withPipeline } from './with-pipeline.ts';

const say = (line: string): void => console.log(line);

// The run goes on where nobody reads any more what is said of it.
outliveReader(process.stdout);

tellUncaught(false);
try {
  process.exitCode = await quickstart();
} catch (error) {
  tellError(error, false);
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

  return withPipeline(say, async (session, watch, { services }) => {
    say(`Temporal UI: ${services.uiUrl}/namespaces/default/workflows/${run}`);
    return tellEnd(store, run, await walkRun(session, run, { config, inputs }, stages, watch));
  });
}

async function tellEnd(store: Store, run: string, progress: RunStatus | undefined): Promise<number> {
  if (progress?.state !== 'completed') {
    say(`run ${run} is ${progress?.state ?? 'under way'}; npm start goes on with it`);
    return EXIT.failed;
  }
  const frozen = await findConfig(store, run);
  if (frozen && (await isFinished(store, run, frozen))) return tellReport(store, run);
  say(`run ${run} has walked its stages; npm start goes on with the others`);
  return EXIT.done;
}

function tellReport(store: Store, run: string): Promise<number> {
  say(`report: ${store.url}/${reportKey(run)}`);
  return exitCodeOf(store, run, 'completed');
}
