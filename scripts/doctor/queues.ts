import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { ListedPoller, ListedQueue } from '../../domain/doctor.ts';
import { liveOf, polled, type RawPoller } from '../../domain/live-pollers.ts';
import { GPU_QUEUE, PIPELINE_QUEUE } from '../../domain/names.ts';
import { busyNodes } from './busy-nodes.ts';
import { describeDeployment } from '../deployment.ts';

/** Milliseconds between two looks at queues that nobody polls yet. */
const LOOK_MS = 250;

/** TaskQueueType of temporal/api/enums/v1/task_queue.proto. */
const WORKFLOWS = 1;
const ACTIVITIES = 2;

/** A version that a deployment of workers can have. */
interface Version {
  readonly deploymentName?: string | null;
  readonly buildId?: string | null;
}

/** Lists who polls task queues; waits a while for those that a run needs and nobody polls. */
export async function listQueues(
  client: Client,
  queues: readonly string[],
  needed: ReadonlySet<string>,
  waitMs: number,
  now: () => number = Date.now,
): Promise<ListedQueue[]> {
  const deadline = performance.now() + waitMs;
  for (;;) {
    const listed = await Promise.all(queues.map((queue) => listQueue(client, queue, needed.has(queue))));
    const isComplete = listed.every(({ needed: isNeeded, pollers }) => !isNeeded || liveOf(pollers, now()).length > 0);
    if (isComplete) return listed;
    if (performance.now() > deadline) return Promise.all(listed.map((one) => withBusy(client, one)));
    await sleep(LOOK_MS);
  }
}

/** A GPU node takes one task at a time, and is not listed as polling in the midst of it. */
async function withBusy(client: Client, listed: ListedQueue): Promise<ListedQueue> {
  return listed.queue === GPU_QUEUE ? { ...listed, busy: await busyNodes(client) } : listed;
}

async function listQueue(client: Client, queue: string, needed: boolean): Promise<ListedQueue> {
  const { namespace } = client.options;
  const { pollers, versioningInfo } = await client.connection.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: queue },
    taskQueueType: queue === PIPELINE_QUEUE ? WORKFLOWS : ACTIVITIES,
  });
  const deployment = pollers?.find(isVersioned)?.deploymentOptions?.deploymentName;
  const current = deployment ? await currentOf(client, deployment) : nameOf(versioningInfo?.currentDeploymentVersion);
  return {
    queue,
    needed,
    pollers: unique((pollers ?? []).map(listPoller)),
    ...(current === undefined ? {} : { current }),
  };
}

/** A poller as DescribeTaskQueue lists it. */
interface Poller extends RawPoller {
  readonly deploymentOptions?: (Version & { readonly workerVersioningMode?: number | null }) | null;
  readonly workerVersionCapabilities?: { readonly buildId?: string | null } | null;
}

/** WORKER_VERSIONING_MODE_VERSIONED of temporal/api/enums/v1/deployment.proto is 2. */
const isVersioned = ({ deploymentOptions }: Poller): boolean => deploymentOptions?.workerVersioningMode === 2;

function listPoller(poller: Poller): ListedPoller {
  const { deploymentOptions, workerVersionCapabilities } = poller;
  const version = isVersioned(poller) ? nameOf(deploymentOptions) : undefined;
  // The build id of an unversioned worker is its SDK.
  const sdk = workerVersionCapabilities?.buildId?.replace(/^@temporalio\/worker@|\+.*$/g, '');
  return {
    ...polled(poller),
    ...(version === undefined ? (sdk ? { sdk } : {}) : { version }),
  };
}

const nameOf = (version: Version | null | undefined): string | undefined =>
  version?.deploymentName && version.buildId ? `${version.deploymentName}.${version.buildId}` : undefined;

/** The current version of a deployment; a queue learns of a change a moment later. */
async function currentOf(client: Client, deploymentName: string): Promise<string | undefined> {
  return nameOf({ deploymentName, buildId: (await describeDeployment(client, deploymentName))?.current ?? null });
}

/** One of each identity and version, the one that polled last. */
function unique(pollers: readonly ListedPoller[]): ListedPoller[] {
  const newestLast = pollers.toSorted((a, b) => a.lastSeenAt - b.lastSeenAt);
  return [...new Map(newestLast.map((poller) => [`${poller.identity} ${poller.version}`, poller])).values()];
}
