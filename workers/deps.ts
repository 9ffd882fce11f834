import { join } from 'node:path';
import { Runtime } from '@temporalio/worker';
import type { ActivityDeps } from '../activities/deps.ts';
import { makeCalls } from '../activities/calls.ts';
import { makeGate } from '../activities/gate.ts';
import { openLauncher } from '../activities/io/launcher/open.ts';
import { openaiClient } from '../activities/io/model/openai.ts';
import { openStore } from '../activities/io/store/open.ts';
import { makeMetrics } from '../activities/metrics.ts';
import { makeOutages } from '../activities/outages.ts';
import { makeRunFiles } from '../activities/run-files.ts';
import { codeVersion } from '../configs/code-version.ts';
import { PROJECT, type Environment } from '../configs/env.ts';
import { parseConfig } from '../configs/load.ts';
import type { EndpointPacers } from './endpoint-pacers.ts';

/**
 * What the activities of this worker process work with.
 *
 * @param pacers keep the pace of its model calls
 * @param draining aborts when the process is told to end
 * @param endsJobs whether trainers are ended with it
 */
export function activityDeps(
  environment: Environment,
  pacers: EndpointPacers,
  draining: AbortSignal,
  endsJobs = false,
): ActivityDeps {
  const store = openStore(environment.storeUrl);
  const processes = join(environment.home, 'processes');
  return {
    store,
    files: makeRunFiles(store, parseConfig),
    calls: makeCalls(store),
    gate: makeGate(store),
    model: openaiClient(),
    metrics: makeMetrics(Runtime.instance().metricMeter),
    pacer: pacers.find,
    outages: makeOutages(),
    launchers: (settings) => openLauncher(settings, processes),
    draining,
    node: {
      home: environment.home,
      code: codeVersion(),
      processes,
      endsJobs,
      embeddedModelUrl: environment.embeddedModelUrl,
      commandValues: { project: PROJECT, python: environment.trainerPython },
      secret: environment.secret,
    },
  };
}
