import { join } from 'node:path';
import type { ActivityDeps } from '../activities/deps.ts';
import { makeGate } from '../activities/gate.ts';
import { localLauncher } from '../activities/io/launcher/local.ts';
import { openaiClient } from '../activities/io/model/openai.ts';
import { openStore } from '../activities/io/store/open.ts';
import { makeOutages } from '../activities/outages.ts';
import { makePacer, type PaceLimits, type Pacer } from '../activities/pacer.ts';
import { makeRunFiles } from '../activities/run-files.ts';
import { PROJECT, type Environment } from '../configs/env.ts';
import { parseConfig } from '../configs/load.ts';

/** What the activities of this worker process work with. */
export function activityDeps(environment: Environment): ActivityDeps {
  const store = openStore(environment.storeUrl);
  const pacers = new Map<string, Pacer>();
  const processes = join(environment.home, 'processes');
  return {
    store,
    files: makeRunFiles(store, parseConfig),
    gate: makeGate(store),
    model: openaiClient(),
    pacer(name: string, limits: PaceLimits) {
      const key = JSON.stringify([name, limits]);
      const pacer = pacers.get(key) ?? makePacer(limits);
      pacers.set(key, pacer);
      return pacer;
    },
    outages: makeOutages(),
    launcher: localLauncher(processes),
    node: {
      home: environment.home,
      processes,
      embeddedModelUrl: environment.embeddedModelUrl,
      commandValues: { project: PROJECT, python: environment.trainerPython },
      secret: environment.secret,
    },
  };
}
