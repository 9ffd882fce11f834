import type { LauncherSettings } from '../configs/training.ts';
import type { EndpointName } from '../domain/names.ts';
import type { Calls } from './calls.ts';
import type { Gate } from './gate.ts';
import type { Launcher } from './io/launcher/launcher.ts';
import type { ModelClient } from './io/model/model.ts';
import type { Store } from './io/store/store.ts';
import type { Metrics } from './metrics.ts';
import type { Outages } from './outages.ts';
import type { PaceLimits, Pacer } from './pacer.ts';
import type { RunFiles } from './run-files.ts';

/** What activities work with, bound once by each worker. */
export interface ActivityDeps {
  readonly store: Store;
  readonly files: RunFiles;
  readonly calls: Calls;
  readonly gate: Gate;
  readonly model: ModelClient;
  /** The pacer of an endpoint at a base URL; asked again with the same three, it is the same one. */
  readonly pacer: (endpoint: EndpointName, baseUrl: string, limits: PaceLimits) => Pacer;
  readonly outages: Outages;
  readonly metrics: Metrics;
  /** The launcher of a configuration's `training.launcher` or `serving.launcher`. */
  readonly launchers: (settings: LauncherSettings) => Launcher;
  /** Aborts when this worker is told to end: what waits is left to other workers. */
  readonly draining: AbortSignal;
  readonly node: NodeSettings;
}

/** What a worker knows about the machine it runs on. */
export interface NodeSettings {
  /** Folder for this node's work: jobs, fetched models, logs. */
  readonly home: string;
  /** Hash of the code that this worker runs. */
  readonly code: string;
  /** Registry of the processes that this node started. */
  readonly processes: string;
  /** Whether nothing that was started here outlives the worker, as in a pod: told to end, it lets trainers save first. */
  readonly endsJobs?: boolean;
  /** Base URL of the embedded model server, where there is one. */
  readonly embeddedModelUrl: string | undefined;
  /** Fills {python} and the like in command templates. */
  readonly commandValues: Readonly<Record<string, string>>;
  /** The value of an environment variable that a configuration names. */
  readonly secret: (name: string) => string | undefined;
}
