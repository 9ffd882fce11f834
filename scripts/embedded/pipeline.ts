import { join } from 'node:path';
import { readEnvironment, PROJECT, type Environment } from '../../configs/env.ts';
import { logToFile, ROLES, startWorkers, type RunningWorkers } from '../../workers/run-worker.ts';
import { startServices, type EmbeddedServices } from './services.ts';

/** The embedded services with workers for all roles, in this process. */
export interface EmbeddedPipeline {
  readonly environment: Environment;
  readonly services: EmbeddedServices;
  readonly workers: RunningWorkers;
  /** Ends workers, then services; no process stays. */
  stop(): Promise<void>;
}

/** Starts Temporal, the model server and the workers on this machine. */
export async function startPipeline(log: (line: string) => void): Promise<EmbeddedPipeline> {
  const given = readEnvironment();
  logToFile(join(given.home, 'logs', 'worker.log'));
  const services = await startServices({ home: given.home, project: PROJECT, searchPath: given.searchPath, log });
  const environment = { ...given, temporalAddress: services.temporalAddress, embeddedModelUrl: services.modelUrl };
  try {
    const workers = await startWorkers(environment, ROLES);
    const stop = async () => {
      await workers.stop();
      await services.stop();
    };
    return { environment, services, workers, stop };
  } catch (error) {
    await services.stop();
    throw error;
  }
}
