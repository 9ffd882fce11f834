import type { Worker } from '@temporalio/worker';

/** How the workers of a process are, by their queues. */
export interface WorkersState {
  /** They poll all of their queues. */
  readonly polling: boolean;
  /** They were told to end, and finish what is under way. */
  readonly draining: boolean;
  /** One of them has failed, or ended without being told to. */
  readonly broken: boolean;
  readonly queues: readonly QueueState[];
}

/** How the worker of one task queue is. */
export interface QueueState {
  readonly taskQueue: string;
  /** Such as RUNNING, in Temporal's own words. */
  readonly state: string;
  readonly activities: number;
  readonly workflowTasks: number;
  readonly cachedWorkflows: number;
}

/** Tells how workers are. */
export function tell(workers: readonly Worker[], draining: boolean): WorkersState {
  const all = workers.map((worker) => ({ status: worker.getStatus(), taskQueue: worker.options.taskQueue }));
  const isRunning = ({ status }: (typeof all)[number]) =>
    status.runState === 'RUNNING' && status.activityPollerState === 'POLLING';
  return {
    polling: !draining && all.every(isRunning),
    draining,
    broken: !draining && all.some(({ status }) => ['FAILED', 'STOPPED'].includes(status.runState)),
    queues: all.map(({ status, taskQueue }) => ({
      taskQueue,
      state: status.runState,
      activities: status.numInFlightActivities,
      workflowTasks: status.numInFlightWorkflowActivations,
      cachedWorkflows: status.numCachedWorkflows,
    })),
  };
}
