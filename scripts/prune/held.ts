import type { Client } from '@temporalio/client';
import { loadAhead } from '../load-ahead.ts';
import { describeRun } from '../runs.ts';
import { FIRING_WORKFLOW } from '../schedules.ts';
import type { StoredRun } from './stored-run.ts';

/** Runs that the server is asked about at once. */
const AHEAD = 16;

/** A run that has to stay. */
export interface HeldRun {
  /** Why, and what ends that. */
  readonly why: string;
  /** Whether the server asked knows it. */
  readonly isKnown: boolean;
}

/** Runs that have to stay, by their ids. */
export type HeldRuns = ReadonlyMap<string, HeldRun>;

/**
 * The runs that are under way, or may be: one that this server does not know may be under way at another, or in another
 * namespace, unless it is not paused and nothing in it has changed for long.
 *
 * @param before milliseconds since 1970: what has changed later is new
 * @param place the server and namespace, in words
 */
export async function heldRuns(
  client: Client,
  runs: readonly StoredRun[],
  { before, place }: { readonly before: number; readonly place: string },
): Promise<HeldRuns> {
  const held = new Map<string, HeldRun>();
  const all = loadAhead(runs, AHEAD, async (run) => ({ run, description: await describeRun(client, run.run) }));
  for await (const { run, description } of all) {
    const { run: id, paused, changedAt } = run;
    if (description?.status.name === 'RUNNING') {
      held.set(id, {
        why: `run ${id} is under way; longwriter cancel ${id} ends it, and then it can go`,
        isKnown: true,
      });
    } else if (!description && (paused || changedAt >= before)) {
      const sign = paused ? 'it is paused' : 'it has changed within --older-than';
      const why = `run ${id} is not known at ${place}, and may be under way elsewhere: ${sign}`;
      held.set(id, { why: `${why}; if it is not: resume and cancel it, and then it can go`, isKnown: false });
    }
  }
  return held;
}

/** A run or a firing of a schedule that is under way at the server, of whatever store; undefined where none is. */
export async function anyUnderWay(client: Client): Promise<string | undefined> {
  const query = `ExecutionStatus = 'Running' AND (WorkflowType = 'runPipeline' OR WorkflowType = '${FIRING_WORKFLOW}')`;
  for await (const { workflowId } of client.workflow.list({ query, pageSize: 1 })) return workflowId;
  return undefined;
}
