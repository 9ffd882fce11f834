import { join } from 'node:path';
import { endLeftovers } from '../../activities/io/process.ts';
import { takeLock } from './lock.ts';
import { startModelServer } from './model-server.ts';
import { startTemporal } from './temporal.ts';

export { AlreadyRunningError } from './lock.ts';

/** Milliseconds that a process has to end by itself; a trainer saves a checkpoint at the end of its step. */
const GRACE_MS = 60_000;

/** Temporal and a model server on this machine. */
export interface EmbeddedServices {
  readonly temporalAddress: string;
  readonly uiUrl: string;
  /** OpenAI-compatible, ends in /v1. */
  readonly modelUrl: string;
  /** Ends whatever was started here, trainers and served models included. */
  stop(): Promise<void>;
}

/**
 * Starts the embedded services. What an earlier start left running is ended first. Fails with AlreadyRunningError beside a
 * live start, and with EmbeddedError where a service does not come up.
 *
 * @param options.home folder for state: lock, database, logs, store
 * @param options.project the project's folder, which holds the Python environment
 */
export async function startServices(options: {
  readonly home: string;
  readonly project: string;
  /** Where a `temporal` of the machine's own is looked for. */
  readonly searchPath: string;
  readonly log: (line: string) => void;
}): Promise<EmbeddedServices> {
  const registry = join(options.home, 'processes');
  const lock = await takeLock(options.home);
  const stop = async () => {
    await endLeftovers(registry, GRACE_MS, () => undefined);
    await lock.release();
  };
  try {
    await endLeftovers(registry, GRACE_MS, options.log);
    const startedAt = Date.now();
    const [temporal, model] = await Promise.all([
      startTemporal({ ...options, registry }),
      startModelServer({ ...options, registry }),
    ]);
    const where = { temporalAddress: temporal.address, uiUrl: temporal.uiUrl, modelUrl: model.baseUrl };
    await lock.update(where);
    options.log(`Temporal and the model server are up (${((Date.now() - startedAt) / 1000).toFixed(1)} s)`);
    return { ...where, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Ends the program cleanly on the first Ctrl-C, or SIGTERM, or SIGHUP; a second one ends it at once. */
export function stopOnSignals(stop: () => Promise<void>): void {
  let stopping = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(130);
      stopping = true;
      console.error('stopping; the run goes on from here with the next start');
      void stop().finally(() => process.exit(130));
    });
  }
}
