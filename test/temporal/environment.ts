import { randomUUID } from 'node:crypto';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import {
  bundleWorkflowCode,
  DefaultLogger,
  Runtime,
  Worker,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import { PROJECT } from '../../configs/env.ts';
import { ENDPOINT_NAMES, endpointQueue, GPU_QUEUE, PIPELINE_QUEUE } from '../../domain/names.ts';
import { SEARCH_ATTRIBUTES } from '../../domain/search-attributes.ts';
import { serviceProgram } from '../../scripts/embedded/paths.ts';
import { WORKFLOWS } from '../../workers/workflow-bundle.ts';

// What workers say of themselves would bury what a test says.
Runtime.install({ logger: new DefaultLogger('ERROR') });

/** A real development server with our workflows, and activities that a test gives. */
export interface TestPipeline {
  readonly environment: TestWorkflowEnvironment;
  /** Runs a piece of a test beside workers on all queues that have these activities. */
  withActivities<T>(activities: Record<string, (input: never) => Promise<unknown>>, work: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Arguments with which a development server knows our search attributes. */
export const SERVER_ATTRIBUTES = Object.entries(SEARCH_ATTRIBUTES).map(
  ([name, type]) => `--search-attribute=${name}=${type}`,
);

/** A run id that no other test uses. */
export const newRun = (): string => `t-${randomUUID().slice(0, 8)}`;

/** Starts the server and bundles the workflows, once for a file of tests. */
export async function startTestPipeline(): Promise<TestPipeline> {
  const path = serviceProgram(PROJECT, 'temporal');
  const [environment, bundle] = await Promise.all([
    TestWorkflowEnvironment.createLocal({
      server: { executable: { type: 'existing-path', path }, extraArgs: SERVER_ATTRIBUTES },
    }),
    bundleWorkflows(),
  ]);
  return {
    environment,
    async withActivities(activities, work) {
      const connection = environment.nativeConnection;
      const options = { connection, activities, maxHeartbeatThrottleInterval: '300ms', identity: 'test' } as const;
      const queues = [GPU_QUEUE, ...ENDPOINT_NAMES.map(endpointQueue)];
      const workers = [
        await Worker.create({ ...options, taskQueue: PIPELINE_QUEUE, workflowBundle: bundle }),
        ...(await Promise.all(queues.map((taskQueue) => Worker.create({ ...options, taskQueue })))),
      ];
      const running = Promise.all(workers.map((worker) => worker.run()));
      running.catch(() => undefined);
      try {
        return await work();
      } finally {
        for (const worker of workers) worker.shutdown();
        await running;
      }
    },
    close: () => environment.teardown(),
  };
}

/** The workflows as a worker gets them. */
export function bundleWorkflows(): Promise<WorkflowBundleWithSourceMap> {
  const nothing = () => undefined;
  return bundleWorkflowCode({
    ...WORKFLOWS,
    logger: { log: nothing, trace: nothing, debug: nothing, info: nothing, warn: nothing, error: console.error },
  });
}
