import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { CommandError, EXIT } from './exit.ts';
import { hasCode } from './grpc.ts';

/** The deployment that versioned workers belong to unless they are told another. */
const DEPLOYMENT = 'longwriter';

/** A worker deployment: the build ids of its versions, and which of them gets new work. */
export interface DeploymentState {
  /** Where it is absent, versioned workers get no work. */
  readonly current?: string;
  readonly ramping?: string;
  readonly versions: readonly string[];
}

/** What Temporal knows of a worker deployment; undefined where no versioned worker of it ever polled. */
export async function describeDeployment(client: Client, name = DEPLOYMENT): Promise<DeploymentState | undefined> {
  try {
    const { workerDeploymentInfo: info } = await client.workflowService.describeWorkerDeployment({
      namespace: client.options.namespace,
      deploymentName: name,
    });
    const current = info?.routingConfig?.currentDeploymentVersion?.buildId;
    const ramping = info?.routingConfig?.rampingDeploymentVersion?.buildId;
    const versions = (info?.versionSummaries ?? []).flatMap(
      ({ deploymentVersion }) => deploymentVersion?.buildId ?? [],
    );
    return { ...(current ? { current } : {}), ...(ramping ? { ramping } : {}), versions };
  } catch (error) {
    if (hasCode(error, 'notFound')) return undefined;
    throw error;
  }
}

/**
 * The same for workers without a build id, which start all the same where the server is too old for deployments, has them
 * turned off, or does not tell this account of them.
 */
export async function deploymentIfTold(client: Client): Promise<DeploymentState | undefined> {
  try {
    return await describeDeployment(client);
  } catch (error) {
    if (hasCode(error, 'permissionDenied', 'failedPrecondition', 'unimplemented')) return undefined;
    throw error;
  }
}

/** What a promotion is of, and how long it may wait for the version's workers. */
export interface Promotion {
  readonly deployment: string;
  readonly buildId: string;
  readonly waitMs: number;
}

/** What a promotion did. */
export interface Promoted {
  /** The version that was current, where there was one. */
  readonly before?: string;
  /** Task queues that had workers of that one, and have none of this. */
  readonly missing: readonly string[];
}

/**
 * Makes a version the one that gets all work, once its workers poll all queues that the one before it has; after the wait,
 * once the queues that have work are among them.
 *
 * Fails with exit code 1 where that is not so in time.
 */
export async function promote(client: Client, { deployment, buildId, waitMs }: Promotion): Promise<Promoted> {
  const deadline = Date.now() + waitMs;
  for (;;) {
    const state = await describeDeployment(client, deployment);
    const before = state?.current;
    if (before === buildId) return { before, missing: [] };
    const isLate = Date.now() > deadline;
    let problem = `no worker with --build-id ${buildId} polls`;
    if (state?.versions.includes(buildId)) {
      const queues = await queuesOf(client, deployment, buildId);
      const earlier = before === undefined ? [] : await queuesOf(client, deployment, before);
      const missing = earlier.filter((queue) => !queues.includes(queue));
      const refusal = missing.length === 0 || isLate ? await setCurrent(client, deployment, buildId) : '';
      if (refusal === undefined) return { ...(before === undefined ? {} : { before }), missing };
      problem = `${missing.join(', ')} has no worker of it${refusal && ` (${refusal})`}`;
    }
    if (isLate)
      throw new CommandError(
        EXIT.failed,
        `build ${buildId} of deployment ${deployment} is not current: ${problem}; start its workers first`,
      );
    await sleep(500);
  }
}

/** The task queues that workers of a version poll, or polled; none where the server has listed it and does not know it yet. */
async function queuesOf(client: Client, deploymentName: string, buildId: string): Promise<readonly string[]> {
  try {
    const { versionTaskQueues } = await client.workflowService.describeWorkerDeploymentVersion({
      namespace: client.options.namespace,
      deploymentVersion: { deploymentName, buildId },
    });
    return [...new Set((versionTaskQueues ?? []).flatMap(({ name }) => name ?? []))];
  } catch (error) {
    if (hasCode(error, 'notFound')) return [];
    throw error;
  }
}

/** Undefined where it was done, else what is missing for it. */
async function setCurrent(client: Client, deploymentName: string, buildId: string): Promise<string | undefined> {
  try {
    const { namespace, identity } = client.options;
    await client.workflowService.setWorkerDeploymentCurrentVersion({ namespace, deploymentName, buildId, identity });
    return undefined;
  } catch (error) {
    // So the server answers while queues of the version before it have no workers of this one.
    if (hasCode(error, 'failedPrecondition', 'notFound'))
      return (error as { details?: string }).details ?? 'the server refused it';
    throw error;
  }
}
