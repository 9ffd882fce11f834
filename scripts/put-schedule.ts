import {
  ScheduleAlreadyRunning,
  ServiceError,
  type ScheduleDescription,
  type ScheduleOptions,
  type ScheduleSpec,
} from '@temporalio/client';
import { childId, DEFAULT_PRIORITY, PIPELINE_QUEUE } from '../domain/names.ts';
import type { Session } from './connect.ts';
import { CommandError, EXIT } from './exit.ts';
import type { FrozenConfig } from './runs.ts';
import { attributesOf, FIRING_WORKFLOW, type ScheduleMemo } from './schedules.ts';
import { missingOf } from './search-attributes.ts';

/** What a schedule is made of. */
export interface ScheduleParts {
  readonly id: string;
  readonly spec: ScheduleSpec;
  /** Milliseconds. */
  readonly catchupWindow: number;
  readonly priority: number | undefined;
  readonly memo: ScheduleMemo;
  readonly frozen: FrozenConfig;
  /** The search attributes that the namespace has. */
  readonly attributes: ReadonlySet<string>;
}

/** A schedule of ours as Temporal is given it. */
export function optionsOf(schedule: ScheduleParts): ScheduleOptions {
  const { id, spec, catchupWindow, priority = DEFAULT_PRIORITY, memo, frozen, attributes } = schedule;
  const typedSearchAttributes = attributesOf(attributes, { LwRun: memo.of, LwModel: memo.models.slice(0, 250) });
  // The client sends it, though its type does not list it.
  const urgency = { priority: { priorityKey: priority, fairnessKey: id } };
  return {
    scheduleId: id,
    spec,
    policies: { overlap: 'SKIP', catchupWindow },
    action: {
      type: 'startWorkflow',
      workflowType: FIRING_WORKFLOW,
      workflowId: childId(id, 'firing'),
      taskQueue: PIPELINE_QUEUE,
      args: [{ run: id, ...frozen, schedule: id, attributes: areAll(attributes) }],
      typedSearchAttributes,
      ...urgency,
      staticSummary: `re-evaluation of ${memo.models}`,
    },
    memo: { ...memo },
    typedSearchAttributes,
  };
}

/** Creates a schedule, in the place of an earlier one where there is one. Fails with exit code 2 where the server does not take it. */
export async function put({ client }: Session, asked: ScheduleOptions, exists: boolean): Promise<void> {
  const { scheduleId: id, spec } = asked;
  // A memo cannot be changed by an update, and it tells whether the schedule is the one that was asked for.
  if (exists) {
    const handle = client.schedule.getHandle(id);
    // A spec that the server does not take is found while the old one still stands.
    await valid(id, () => handle.update((earlier) => ({ ...earlier, spec })));
    await handle.delete();
  }
  await valid(id, () => client.schedule.create(asked));
}

/** Gives a schedule other search attributes and leaves all else: a paused one stays so. */
export async function renew({ client }: Session, asked: ScheduleOptions): Promise<void> {
  const { action, typedSearchAttributes = [] } = asked;
  const handle = client.schedule.getHandle(asked.scheduleId);
  await valid(asked.scheduleId, () =>
    handle.update(({ searchAttributes: _searchAttributes, ...earlier }) => ({
      ...earlier,
      action,
      typedSearchAttributes,
    })),
  );
}

/** Whether a schedule's firings set our search attributes. */
export const takesAttributes = ({ action }: ScheduleDescription): boolean =>
  (action.args?.[0] as { readonly attributes?: boolean } | undefined)?.attributes ?? false;

/** Whether these are all of our search attributes. */
export const areAll = (known: ReadonlySet<string>): boolean => missingOf(known).length === 0;

async function valid(id: string, change: () => Promise<unknown>): Promise<void> {
  try {
    await change();
  } catch (error) {
    if (error instanceof ScheduleAlreadyRunning)
      throw new CommandError(EXIT.usage, `schedule ${id} was made by somebody else just now; list it, and try again`);
    // So the client tells what the server holds for invalid, such as a cron expression that is none.
    if (error instanceof TypeError || error instanceof ServiceError)
      throw new CommandError(
        EXIT.usage,
        `schedule ${id}: ${error.cause instanceof Error ? error.cause.message : error.message}`,
      );
    throw error;
  }
}
