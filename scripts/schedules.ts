import { ScheduleNotFoundError, type Client, type ScheduleDescription, type ScheduleHandle } from '@temporalio/client';
import { defineSearchAttributeKey, type SearchAttributePair } from '@temporalio/common';
import { z } from 'zod';
import { CommandError, EXIT } from './exit.ts';
import { checkRunId } from './runs.ts';

/** The workflow that a schedule of ours starts. */
export const FIRING_WORKFLOW = 'reevaluate';

/** What a schedule of ours notes of itself. */
export const ScheduleMemo = z.object({
  /** When it fires, in words. */
  when: z.string(),
  models: z.string(),
  /** The run that it is of: the one whose model it evaluates, or itself. */
  of: z.string(),
  /** Fingerprint of all that was asked for. */
  settings: z.string(),
});
export type ScheduleMemo = z.infer<typeof ScheduleMemo>;

/** Calls of a schedule's handle. Fails with exit code 4 where there is no such schedule of ours. */
export async function openSchedule(
  client: Client,
  id: string,
): Promise<{ readonly handle: ScheduleHandle; readonly described: ScheduleDescription; readonly memo: ScheduleMemo }> {
  checkRunId(id);
  const found = await findSchedule(client, id);
  if (!found) throw new CommandError(EXIT.noSuchRun, `there is no schedule ${id}; longwriter schedule list names them`);
  return { handle: client.schedule.getHandle(id), ...found };
}

/** A schedule by its id; undefined where there is none. Fails with exit code 2 where it is one of something else. */
export async function findSchedule(
  client: Client,
  id: string,
): Promise<{ readonly described: ScheduleDescription; readonly memo: ScheduleMemo } | undefined> {
  try {
    const described = await client.schedule.getHandle(id).describe();
    const memo = ScheduleMemo.safeParse(described.memo);
    if (memo.success) return { described, memo: memo.data };
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return undefined;
    throw error;
  }
  throw new CommandError(EXIT.usage, `schedule ${id} was not made by longwriter schedule create`);
}

/** Search attributes of texts, without those that the server does not have. */
export function attributesOf(
  known: ReadonlySet<string>,
  values: Readonly<Record<string, string>>,
): SearchAttributePair[] {
  return Object.entries(values)
    .filter(([name]) => known.has(name))
    .map(([name, value]) => ({ key: defineSearchAttributeKey(name, 'KEYWORD'), value }));
}
