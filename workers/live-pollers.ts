import { Runtime, type NativeConnection } from '@temporalio/worker';
import { liveOf, polled, type RawPoller } from '../domain/live-pollers.ts';

/** Milliseconds between two counts. */
const EVERY_MS = 5000;

/** Milliseconds that one count may take. */
const DEADLINE_MS = 5000;

/** TASK_QUEUE_TYPE_ACTIVITY of temporal/api/enums/v1/task_queue.proto. */
const ACTIVITY_QUEUE = 2;

/** What tells how many workers poll a task queue. */
export interface PollerQuery {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly taskQueue: string;
}

/**
 * Counts the live workers among the pollers of a task queue: distinct identities with a poll that is fresh. One whose slots
 * are all taken polls only when a call ends, and may be missed meanwhile; the gate then corrects the others.
 *
 * @param now milliseconds since 1970, by the clock that the server's is close to
 */
export function countLive(pollers: readonly RawPoller[], now: number, freshMs?: number): number {
  return new Set(liveOf(pollers.map(polled), now, freshMs).map(({ identity }) => identity)).size;
}

/** Asks Temporal how many live workers poll a queue for activities. Fails as the connection does. */
export async function livePollers(
  { connection, namespace, taskQueue }: PollerQuery,
  freshMs?: number,
): Promise<number> {
  const { pollers } = await connection.withDeadline(Date.now() + DEADLINE_MS, () =>
    connection.workflowService.describeTaskQueue({
      namespace,
      taskQueue: { name: taskQueue },
      taskQueueType: ACTIVITY_QUEUE,
    }),
  );
  return countLive(pollers, Date.now(), freshMs);
}

/**
 * Counts a queue's live workers every few seconds and tells each count. Where Temporal does not answer, or lists none
 * since this worker has yet to poll, the last count goes on holding.
 *
 * @returns ends the counting; resolves when none is under way
 */
export function followLivePollers(query: PollerQuery, tell: (workers: number) => void): () => Promise<void> {
  const { logger } = Runtime.instance();
  let failing = false;
  const count = async () => {
    try {
      const workers = await livePollers(query);
      if (workers > 0) tell(workers);
      failing = false;
    } catch (error) {
      if (!failing) logger.warn('live workers not counted', { taskQueue: query.taskQueue, error });
      failing = true;
    }
  };
  let counting = count();
  const timer = setInterval(() => {
    counting = counting.then(count);
  }, EVERY_MS).unref();
  return () => {
    clearInterval(timer);
    return counting;
  };
}
