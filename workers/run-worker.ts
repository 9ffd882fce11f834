import { setMaxListeners } from 'node:events';
import { NativeConnection, type WorkerOptions } from '@temporalio/worker';
import type { ActivityDeps } from '../activities/deps.ts';
import { createGpuActivities, createLlmActivities, createPipelineActivities } from '../activities/index.ts';
import { dataConverter } from '../activities/io/temporal/codec.ts';
import { temporalPlace } from '../activities/io/temporal/connect.ts';
import type { Environment } from '../configs/env.ts';
import {
  ENDPOINT_NAMES,
  endpointQueue,
  GPU_QUEUE,
  PIPELINE_QUEUE,
  ROLES,
  type EndpointName,
  type Role,
} from '../domain/names.ts';
import { activityDeps } from './deps.ts';
import { createWorkers } from './create-workers.ts';
import { workflowBundle } from './workflow-bundle.ts';
import { endpointPacers, type EndpointPacers } from './endpoint-pacers.ts';
import { followLivePollers } from './live-pollers.ts';
import { tell, type WorkersState } from './state.ts';
import { workerTelemetry } from './telemetry.ts';

export { ROLES, type Role };

/** How workers are set up, where not by default. */
export interface WorkerSettings {
  /** The endpoints whose queues `llm` serves; all by default. */
  readonly endpoints?: readonly EndpointName[];
  /** Activities at a time on each queue; a GPU node always has one. */
  readonly maxActivities?: number;
  readonly maxWorkflowTasks?: number;
  /** Workflows that are kept in memory, so that they need no replay. */
  readonly maxCachedWorkflows?: number;
  /** Milliseconds that model calls under way have to end in. */
  readonly shutdownGraceMs?: number;
  /** Whether a trainer is told to save and end with its worker; by default it outlives it. */
  readonly endsJobs?: boolean;
  /** File with the workflows, bundled; by default they are made from this folder. */
  readonly workflows?: string;
  /** Where there is none, the workers are unversioned. */
  readonly version?: { readonly deploymentName: string; readonly buildId: string };
}

/** Running workers of this process; `stop` ends them gracefully. */
export interface RunningWorkers {
  /** Settles when the workers have ended; rejects when one of them failed. */
  readonly ended: Promise<void>;
  readonly connection: NativeConnection;
  state(): WorkersState;
  stop(): Promise<void>;
}

/** Milliseconds in which what can be taken over has to end: a trainer outlives its watcher, a file is written anew. */
const HANDOVER_MS = 1000;

/** Starts workers for some roles in this process, and returns when they poll. */
export async function startWorkers(
  environment: Environment,
  roles: readonly Role[],
  settings: WorkerSettings = {},
): Promise<RunningWorkers> {
  const { connection: place, namespace } = await temporalPlace(environment);
  const connection = await NativeConnection.connect(place);
  try {
    return await startOn(
      { connection, namespace, dataConverter: dataConverter(environment) },
      environment,
      roles,
      settings,
    );
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** Where workers poll. */
type Place = Required<Pick<WorkerOptions, 'namespace' | 'dataConverter'>> & { readonly connection: NativeConnection };

async function startOn(
  place: Place,
  environment: Environment,
  roles: readonly Role[],
  settings: WorkerSettings,
): Promise<RunningWorkers> {
  const { connection, namespace, dataConverter: converter } = place;
  const pacers = endpointPacers();
  const draining = new AbortController();
  // Every call that waits listens to it.
  setMaxListeners(0, draining.signal);
  const deps = activityDeps(environment, pacers, draining.signal, settings.endsJobs);
  const telemetry = await workerTelemetry(environment.telemetry);
  const all: WorkerOptions[] = [];
  if (roles.includes('pipeline')) all.push(await pipelineOptions(deps, settings, converter.failureConverterPath));
  if (roles.includes('llm')) all.push(...llmOptions(deps, settings));
  if (roles.includes('gpu')) all.push(gpuOptions(deps));
  const workers = await createWorkers(
    all.map((options) => ({ ...shared(settings), ...telemetry.options, ...options, ...place })),
  );
  const runs = workers.map((worker) => worker.run());
  const running = Promise.all(runs).then(() => undefined);
  running.catch(() => undefined);
  let stopped: Promise<void> | undefined;
  const followed = roles.includes('llm') ? followShares(connection, namespace, pacers, settings) : [];
  return {
    ended: running,
    connection,
    state: () => tell(workers, draining.signal.aborted),
    stop: () => (stopped ??= stop()),
  };

  async function stop(): Promise<void> {
    draining.abort();
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
    // Of all, not of the first that fails: a connection in use cannot be closed.
    await Promise.allSettled(runs);
    await Promise.all(followed.map((end) => end()));
    await telemetry.flush();
    await connection.close();
  }
}

function shared({ version }: WorkerSettings): Partial<WorkerOptions> {
  return {
    // A cancelled activity hears of it within two seconds, not twenty.
    maxHeartbeatThrottleInterval: '2s',
    shutdownGraceTime: HANDOVER_MS,
    ...(version && {
      workerDeploymentOptions: {
        version,
        useWorkerVersioning: true,
        defaultVersioningBehavior: 'AUTO_UPGRADE',
      },
    }),
  };
}

async function pipelineOptions(
  deps: ActivityDeps,
  settings: WorkerSettings,
  failureConverter?: string,
): Promise<WorkerOptions> {
  const { maxActivities, maxWorkflowTasks, maxCachedWorkflows, workflows } = settings;
  return {
    taskQueue: PIPELINE_QUEUE,
    workflowBundle: { codePath: workflows ?? (await workflowBundle(deps.node.home, failureConverter)) },
    activities: createPipelineActivities(deps),
    ...(maxActivities === undefined ? {} : { maxConcurrentActivityTaskExecutions: maxActivities }),
    ...(maxWorkflowTasks === undefined ? {} : { maxConcurrentWorkflowTaskExecutions: maxWorkflowTasks }),
    ...(maxCachedWorkflows === undefined ? {} : { maxCachedWorkflows }),
  };
}

function llmOptions(
  deps: ActivityDeps,
  { endpoints = ENDPOINT_NAMES, maxActivities = 200, shutdownGraceMs = HANDOVER_MS }: WorkerSettings,
): WorkerOptions[] {
  const activities = createLlmActivities(deps);
  return endpoints.map((endpoint) => ({
    taskQueue: endpointQueue(endpoint),
    activities,
    // More tasks than calls in flight: the pacer holds the calls, and dispatch is hidden behind them.
    maxConcurrentActivityTaskExecutions: maxActivities,
    shutdownGraceTime: shutdownGraceMs,
  }));
}

/** Keeps the pacers told of how many workers share each endpoint; returns what ends that. */
function followShares(
  connection: NativeConnection,
  namespace: string,
  pacers: EndpointPacers,
  { endpoints = ENDPOINT_NAMES }: WorkerSettings,
): (() => Promise<void>)[] {
  return endpoints.map((endpoint) =>
    followLivePollers({ connection, namespace, taskQueue: endpointQueue(endpoint) }, (workers) =>
      pacers.share(endpoint, workers),
    ),
  );
}

function gpuOptions(deps: ActivityDeps): WorkerOptions {
  return { taskQueue: GPU_QUEUE, activities: createGpuActivities(deps), maxConcurrentActivityTaskExecutions: 1 };
}
