import { createWriteStream, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DefaultLogger, NativeConnection, Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import type { ActivityDeps } from '../activities/deps.ts';
import { createGpuActivities, createLlmActivities, createPipelineActivities } from '../activities/index.ts';
import type { Environment } from '../configs/env.ts';
import { ENDPOINT_NAMES, endpointQueue, GPU_QUEUE, PIPELINE_QUEUE } from '../domain/names.ts';
import { activityDeps } from './deps.ts';
import { workflowBundle } from './workflow-bundle.ts';
import { endpointPacers, type EndpointPacers } from './endpoint-pacers.ts';
import { followLivePollers } from './live-pollers.ts';

/** The task queues a worker process can serve. */
export const ROLES = ['pipeline', 'llm', 'gpu'] as const;
export type Role = (typeof ROLES)[number];

/** Running workers of this process; `stop` ends them gracefully. */
export interface RunningWorkers {
  /** Settles when the workers have ended; rejects when one of them failed. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/** Shared by all workers: a cancelled activity hears of it within two seconds, not twenty. */
const shared = { maxHeartbeatThrottleInterval: '2s', shutdownGraceTime: '1s' } as const;

/** Starts workers for some roles in this process, and returns when they poll. */
export async function startWorkers(environment: Environment, roles: readonly Role[]): Promise<RunningWorkers> {
  const connection = await NativeConnection.connect({ address: environment.temporalAddress });
  const pacers = endpointPacers();
  const deps = activityDeps(environment, pacers);
  const namespace = environment.temporalNamespace;
  const all: WorkerOptions[] = [];
  if (roles.includes('pipeline')) all.push(await pipelineOptions(deps));
  if (roles.includes('llm')) all.push(...llmOptions(deps));
  if (roles.includes('gpu')) all.push(gpuOptions(deps));
  const workers = await Promise.all(
    all.map((options) => Worker.create({ ...shared, ...options, connection, namespace })),
  );
  const running = Promise.all(workers.map((worker) => worker.run())).then(() => undefined);
  running.catch(() => undefined);
  const followed = roles.includes('llm') ? followShares(connection, namespace, pacers) : [];
  return {
    ended: running,
    async stop() {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
      await running.catch(() => undefined);
      await Promise.all(followed.map((end) => end()));
      await connection.close();
    },
  };
}

/** Sends what workers, workflows and activities log to a file, one JSON object a line; called once, before any worker. */
export function logToFile(file: string): void {
  mkdirSync(dirname(file), { recursive: true });
  const stream = createWriteStream(file, { flags: 'a' });
  const logger = new DefaultLogger('INFO', ({ level, timestampNanos, message, meta }) => {
    const { error, ...fields } = meta ?? {};
    const time = new Date(Number(timestampNanos / 1_000_000n)).toISOString();
    stream.write(
      `${JSON.stringify({ time, level, message, ...fields, ...(error ? { error: String(error) } : {}) })}\n`,
    );
  });
  Runtime.install({ logger });
}

async function pipelineOptions(deps: ActivityDeps): Promise<WorkerOptions> {
  return {
    taskQueue: PIPELINE_QUEUE,
    workflowBundle: { codePath: await workflowBundle(deps.node.home) },
    activities: createPipelineActivities(deps),
  };
}

function llmOptions(deps: ActivityDeps): WorkerOptions[] {
  const activities = createLlmActivities(deps);
  return ENDPOINT_NAMES.map((endpoint) => ({
    taskQueue: endpointQueue(endpoint),
    activities,
    // More tasks than calls in flight: the pacer holds the calls, and dispatch is hidden behind them.
    maxConcurrentActivityTaskExecutions: 200,
  }));
}

/** Keeps the pacers told of how many workers share each endpoint; returns what ends that. */
function followShares(
  connection: NativeConnection,
  namespace: string,
  pacers: EndpointPacers,
): (() => Promise<void>)[] {
  return ENDPOINT_NAMES.map((endpoint) =>
    followLivePollers({ connection, namespace, taskQueue: endpointQueue(endpoint) }, (workers) =>
      pacers.share(endpoint, workers),
    ),
  );
}

function gpuOptions(deps: ActivityDeps): WorkerOptions {
  return { taskQueue: GPU_QUEUE, activities: createGpuActivities(deps), maxConcurrentActivityTaskExecutions: 1 };
}
