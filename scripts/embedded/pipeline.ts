import { join } from 'node:path';
import { readEnvironment, PROJECT, type Environment } from '../../configs/env.ts';
import { installRuntime } from '../../workers/runtime.ts';
import { ROLES, startWorkers, type RunningWorkers } from '../../workers/run-worker.ts';
import { EmbeddedError } from './wait-for.ts';
import { startServices, type EmbeddedServices } from './services.ts';

/** The embedded services with workers for all roles, in this process. */
export interface EmbeddedPipeline {
  readonly environment: Environment;
  readonly services: EmbeddedServices;
  readonly workers: RunningWorkers;
  /** Rejects when a service or a worker ends that was not told to. */
  readonly broken: Promise<never>;
  /** Ends workers, then services; no process stays. */
  stop(): Promise<void>;
}

/** Starts Temporal, the model server and the workers on this machine. */
export async function startPipeline(log: (line: string) => void): Promise<EmbeddedPipeline> {
  const given = readEnvironment();
  if (given.temporalAddress !== undefined)
    log(
      `TEMPORAL_ADDRESS is not used: this starts a server of its own; longwriter worker and longwriter start use yours`,
    );
  const services = await startServices({ home: given.home, project: PROJECT, log });
  const environment = {
    ...given,
    // Nothing of another cluster is meant for the embedded one, least of all its key.
    temporalAddress: services.temporalAddress,
    temporalNamespace: 'default',
    temporalSettings: () => ({}),
    uiUrl: services.uiUrl,
    embeddedModelUrl: services.modelUrl,
  };
  try {
    // Behind the services: it takes the signals, and a process that has no workers would not end.
    installRuntime(given.telemetry, join(given.home, 'logs', 'worker.log'));
    const workers = await startWorkers(environment, ROLES);
    let stopped: Promise<void> | undefined;
    // A signal and whoever sees the workers end both ask for it: it is done once.
    const stop = () => (stopped ??= stopBoth(workers, services));
    const workersEnded = workers.ended.then((): never => {
      throw new EmbeddedError('the workers ended; the same command goes on with the run');
    });
    const broken = Promise.race([services.broken, workersEnded]);
    // Not everybody listens to it, and after a stop it says nothing new.
    broken.catch(() => undefined);
    return { environment, services, workers, broken, stop };
  } catch (error) {
    await services.stop();
    throw error;
  }
}

async function stopBoth(workers: RunningWorkers, services: EmbeddedServices): Promise<void> {
  try {
    await workers.stop();
  } finally {
    await services.stop();
  }
}
