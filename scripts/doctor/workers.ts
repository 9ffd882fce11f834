import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowFailedError, type Client, type WorkflowHandle } from '@temporalio/client';
import type { Finding, ListedQueue, QueueAsk, QueueLook, WorkerAsk } from '../../domain/doctor.ts';
import { GPU_QUEUE, PIPELINE_QUEUE } from '../../domain/names.ts';
import type { doctor } from '../../workflows/doctor.ts';
import type { Needs } from './needs.ts';

/** GPU nodes that are looked at; each has one worker, which takes one task at a time. */
const MOST_NODES = 16;

/** Events of a workflow whose first task was worked on: started, task scheduled, started and completed, and what it scheduled. */
const WORKED_ON = 5;

/** What workers saw, or why none was asked, and the command's clock. */
export interface Looked {
  readonly looks: readonly QueueLook[];
  readonly problem?: Finding;
  /** Milliseconds by which this machine's clock is surely ahead of the server's; below 0 where it is behind. */
  readonly skewMs: number;
}

/** What the workers of each polled queue are to look at. */
export function asksFor(listed: readonly ListedQueue[], needs: Needs, marker: string): QueueAsk[] {
  return listed
    .filter(({ pollers }) => pollers.length > 0)
    .map(({ queue, pollers }) => {
      const endpoints = needs.endpoints.filter((need) => need.queue === queue).map(({ ask }) => ask);
      const ask: WorkerAsk = { marker, endpoints, ...(queue === GPU_QUEUE && needs.node ? { node: needs.node } : {}) };
      return { queue, ask, copies: queue === GPU_QUEUE ? Math.min(pollers.length, MOST_NODES) : 1 };
    });
}

/** Has workers look around by a workflow, which is given up where no worker of the pipeline takes it in time. */
export async function lookAround(
  client: Client,
  id: string,
  asks: readonly QueueAsk[],
  waitMs: number,
  now: () => number = Date.now,
): Promise<Looked> {
  const before = now();
  const handle = await client.workflow.start<typeof doctor>('doctor', {
    taskQueue: PIPELINE_QUEUE,
    workflowId: `doctor.${id}`,
    args: [{ asks, waitSeconds: Math.ceil(waitMs / 1000) }],
    workflowExecutionTimeout: waitMs + 300_000,
    staticSummary: 'longwriter doctor',
    // Its small tasks pass what runs have queued.
    priority: { priorityKey: 1 },
  });
  const after = now();
  const startedAt = (await handle.describe()).startTime.getTime();
  const skewMs = startedAt < before ? before - startedAt : startedAt > after ? after - startedAt : 0;
  if (!asks.some(({ queue }) => queue === PIPELINE_QUEUE)) {
    await handle.terminate('no worker polls for workflows');
    return { looks: [], skewMs };
  }
  const looks = await resultUnlessStuck(handle, waitMs);
  if (looks) return { looks, skewMs };
  const { historyLength } = await handle.describe();
  await handle.terminate('no worker could run it');
  return { looks: [], skewMs, problem: stuck(historyLength, waitMs) };
}

/** The result of the check; undefined where after a while no worker has begun with it. */
async function resultUnlessStuck(
  handle: WorkflowHandle<typeof doctor>,
  waitMs: number,
): Promise<QueueLook[] | undefined> {
  const result = handle.result();
  const timer = new AbortController();
  const waited = sleep(waitMs, undefined, { signal: timer.signal }).catch(() => undefined);
  try {
    const first = await Promise.race([result, waited]);
    if (first) return first;
    const { historyLength } = await handle.describe();
    if (historyLength >= WORKED_ON) return await result;
    // It is ended by the caller, and nobody waits for it any more.
    result.catch(() => undefined);
    return undefined;
  } catch (error) {
    if (error instanceof WorkflowFailedError) return undefined;
    throw error;
  } finally {
    timer.abort();
  }
}

function stuck(historyLength: number, waitMs: number): Finding {
  const check = `queue ${PIPELINE_QUEUE}`;
  if (historyLength > 2)
    return {
      check,
      state: 'fail',
      found: 'its workers do not know, or cannot run, the workflow of this command: they run other code',
      mend: 'start them again from the same release as this command',
    };
  return {
    check,
    state: 'fail',
    found: `no worker took a workflow within ${waitMs / 1000} s, though one is listed: it was killed, or hangs`,
    mend: 'look at its log, or start one: longwriter worker pipeline',
  };
}

/** Lines for queues whose workers did not look around. */
export function queueProblems(looks: readonly QueueLook[], needed: ReadonlySet<string>, waitMs: number): Finding[] {
  const all = looks.flatMap(({ queue, problem }) => (problem ? [{ queue, problem }] : []));
  return [...new Map(all.map((one) => [`${one.queue} ${one.problem.kind}`, one])).values()].map(
    ({ queue, problem }) => {
      const check = `queue ${queue}`;
      const answered = looks.some((look) => look.queue === queue && look.look);
      const state = needed.has(queue) && !answered ? 'fail' : 'warn';
      switch (problem.kind) {
        case 'untaken':
          return {
            check,
            state: queue === GPU_QUEUE ? 'warn' : state,
            found: `a worker that is listed took no task within ${waitMs / 1000} s: it is busy with a job, was killed, or hangs`,
            mend: 'look at its log; --wait 5m waits longer',
          };
        case 'unknown':
          return {
            check,
            state,
            found: 'a worker does not know the check: it runs other code than this command',
            mend: 'start it again from the same release as this command',
          };
        case 'failed':
          return {
            check,
            state,
            found: `the check failed there: ${problem.message}`,
            mend: 'look at the log of that worker',
          };
      }
    },
  );
}
