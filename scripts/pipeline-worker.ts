import type { Client } from '@temporalio/client';
import { LIVE_MS, liveOf, polled } from '../domain/live-pollers.ts';
import { PIPELINE_QUEUE } from '../domain/names.ts';

/**
 * How old a workflow worker's poll may be by this machine's clock, milliseconds: that may be a minute off the server's. A
 * worker that was killed seems alive for so long, so a query has its own limit beside.
 */
const FRESH_MS = LIVE_MS + 60_000;

/** TASK_QUEUE_TYPE_WORKFLOW of temporal/api/enums/v1/task_queue.proto. */
const WORKFLOW_QUEUE = 1;

/** Whether a worker of the pipeline's queue polls, so that workflows take signals, cancellations and queries. */
export async function hasPipelineWorker(client: Client): Promise<boolean> {
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: PIPELINE_QUEUE },
    taskQueueType: WORKFLOW_QUEUE,
  });
  return liveOf(pollers.map(polled), Date.now(), FRESH_MS).length > 0;
}
