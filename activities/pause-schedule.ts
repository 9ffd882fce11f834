import { Context } from '@temporalio/activity';
import type { ActivityDeps } from './deps.ts';

export interface PauseScheduleInput {
  readonly schedule: string;
  /** Why, for whoever finds it paused. */
  readonly note: string;
}

/** Pauses a schedule with a note; one that was deleted meanwhile is left at that. */
export async function pauseSchedule(_: ActivityDeps, { schedule, note }: PauseScheduleInput): Promise<void> {
  try {
    await Context.current().client.schedule.getHandle(schedule).pause(note);
  } catch (error) {
    if ((error as Error).name !== 'ScheduleNotFoundError') throw error;
  }
}
