import type { Client } from '@temporalio/client';

/** The workflows whose activities are jobs of a GPU node, as long as they may take. */
const OF_JOBS = ['runPipeline', 'trainModel', 'evaluateModel', 'buildPreferences'];

/** The activities that are. */
const JOBS: ReadonlySet<unknown> = new Set(['trainModel', 'serveModel', 'probeModel']);

/** PENDING_ACTIVITY_STATE_STARTED of temporal/api/enums/v1/workflow.proto. */
const STARTED: number = 2;

/** Workflows that are looked into at most. */
const MOST = 50;

/** The workers that are in the midst of a job of a GPU node, by what the workflows under way say. */
export async function busyNodes(client: Client): Promise<string[]> {
  const types = OF_JOBS.map((type) => `"${type}"`).join(', ');
  const query = `ExecutionStatus = "Running" AND WorkflowType IN (${types})`;
  const busy = new Set<string>();
  let seen = 0;
  for await (const { workflowId } of client.workflow.list({ query, pageSize: MOST })) {
    if (++seen > MOST) break;
    const { raw } = await client.workflow.getHandle(workflowId).describe();
    for (const { activityType, state, lastWorkerIdentity } of raw.pendingActivities ?? [])
      if (Number(state) === STARTED && JOBS.has(activityType?.name) && lastWorkerIdentity) busy.add(lastWorkerIdentity);
  }
  return [...busy];
}
