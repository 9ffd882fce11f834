import { join } from 'node:path';
import { endLeftovers, type StartedProcess } from '../../activities/io/process.ts';
import { takeLock } from './lock.ts';
import { startModelServer } from './model-server.ts';
import { stopOnSignals } from './signals.ts';
import { startTemporal } from './temporal.ts';
import { EmbeddedError } from './wait-for.ts';

export { AlreadyRunningError } from './lock.ts';
export { stopOnSignals } from './signals.ts';

/** Milliseconds that a process has to end by itself; a trainer saves a checkpoint at the end of its step. */
const GRACE_MS = 60_000;

/** Temporal and a model server on this machine. */
export interface EmbeddedServices {
  readonly temporalAddress: string;
  readonly uiUrl: string;
  /** OpenAI-compatible, ends in /v1. */
  readonly modelUrl: string;
  /** Folder with a record of each process that was started here. */
  readonly processes: string;
  /** Rejects with an EmbeddedError when a service ends that was not told to. */
  readonly broken: Promise<never>;
  /** Ends whatever was started here, trainers and served models included. */
  stop(): Promise<void>;
}

/**
 * Starts the embedded services. What an earlier start left running is ended first. Fails with AlreadyRunningError beside a
 * live start, and with EmbeddedError where a service does not come up. From here on a signal ends what was started.
 *
 * @param options.home folder for state: lock, database, logs, store
 * @param options.project the project's folder, which holds the Python environment
 */
export async function startServices(options: {
  readonly home: string;
  readonly project: string;
  /** Requests that the model server works on at a time. */
  readonly parallel?: number;
  readonly log: (line: string) => void;
}): Promise<EmbeddedServices> {
  const processes = join(options.home, 'processes');
  const lock = await takeLock(options.home);
  let starting: Promise<unknown> = Promise.resolve();
  const stop = async () => {
    // What is being started has no record yet; ended before it has one, it would stay.
    await starting;
    await endLeftovers(processes, GRACE_MS, () => undefined);
    await lock.release();
  };
  stopOnSignals(stop, () => endLeftovers(processes, 0, () => undefined));
  try {
    await endLeftovers(processes, GRACE_MS, options.log);
    const startedAt = Date.now();
    const place = { ...options, registry: processes };
    const both = Promise.allSettled([startTemporal(place), startModelServer(place)] as const);
    starting = both;
    const [temporal, model] = await both;
    if (temporal.status === 'rejected') throw temporal.reason;
    if (model.status === 'rejected') throw model.reason;
    const { address: temporalAddress, uiUrl } = temporal.value;
    const where = { temporalAddress, uiUrl, modelUrl: model.value.baseUrl };
    await lock.update(where);
    options.log(`Temporal and the model server are up (${((Date.now() - startedAt) / 1000).toFixed(1)} s)`);
    const ended = async (name: string, service: StartedProcess): Promise<never> => {
      await service.exited;
      throw new EmbeddedError(
        `${name} ended; its log is in ${join(options.home, 'logs')}, and the same command goes on with the run`,
      );
    };
    const broken = Promise.race([
      ended('Temporal', temporal.value.process),
      ended('the model server', model.value.process),
    ]);
    // Nobody may be listening when it is stopped on purpose.
    broken.catch(() => undefined);
    return { ...where, processes, broken, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
