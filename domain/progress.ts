import type { Stage } from './names.ts';

/** The name of the signal by which a stage tells its run how far it is. */
export const PROGRESS_SIGNAL = 'progress';

/** How far a stage is; only for eyes. */
export interface ProgressReport {
  readonly stage: Stage;
  /** Which part of the stage this is about; the stage is the sum of its parts. */
  readonly part: string;
  readonly done: number;
  readonly total: number;
  /** A few words, such as a loss; never text of a model. */
  readonly detail: string;
}

/** One stage as a user sees it. */
export interface StageProgress {
  readonly stage: Stage;
  readonly state: 'waiting' | 'running' | 'done' | 'skipped' | 'failed';
  readonly done: number;
  readonly total: number;
  readonly detail: string;
  readonly seconds: number;
}

/** A run as a user sees it. */
export interface RunProgress {
  readonly run: string;
  readonly state: 'running' | 'paused' | 'completed' | 'failed' | 'cancelled';
  /** Why it is paused or failed. */
  readonly message: string;
  readonly stages: readonly StageProgress[];
}

/** One stage as a line of plain text. */
export function stageLine({ stage, state, done, total, detail, seconds }: StageProgress): string {
  const count = total > 0 ? ` ${done} of ${total}` : '';
  const time = seconds > 0 ? ` (${Math.round(seconds)} s)` : '';
  return `${stage.padEnd(12)}${state}${count}${detail === '' ? '' : `, ${detail}`}${time}`;
}

/** The name of the signal by which a serving activity tells its workflow that the model is up. */
export const SERVED_SIGNAL = 'served';

/** Which model is up, where, and by which attempt; the address itself stands in the lease. */
export interface ServedReport {
  readonly identity: string;
  readonly node: string;
  readonly attempt: number;
}
