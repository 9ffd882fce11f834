import { amountOf, formatAmount, formatCost, shortNumber, type Budget } from './cost.ts';
import { roughTime } from './rough-time.ts';
import type { Stage } from './names.ts';
import type { Cost, Spending } from './schemas/call.ts';

/** The name of the signal by which a stage tells its run how far it is. */
export const PROGRESS_SIGNAL = 'progress';

/** How far a stage is; only for eyes. */
export interface ProgressReport {
  readonly stage: Stage;
  /** Which work of the stage this is part of, and of how many items that is. */
  readonly group: string;
  readonly total: number;
  /** Which part of that work this is about; the stage is the sum of its parts. */
  readonly part: string;
  readonly done: number;
  /** Of those done, the ones that an earlier execution had finished. */
  readonly found?: number;
  /** Why items were rejected or failed, and how many; bounded. */
  readonly reasons?: Readonly<Record<string, number>>;
  /** Words and cost so far, where the part is made of model calls. */
  readonly words?: number;
  readonly spending?: Spending;
  /** What the work is at, where it has phases. Such reports come in order, and a count may go back: to a checkpoint. */
  readonly phase?: string;
  /** A few words, such as a loss; never text of a model. */
  readonly detail: string;
}

/** One stage as a user sees it. */
export interface StageProgress {
  readonly stage: Stage;
  readonly state: 'waiting' | 'running' | 'done' | 'skipped' | 'failed';
  readonly done: number;
  readonly total: number;
  readonly phase?: string;
  readonly detail: string;
  readonly seconds: number;
  /** By the pace of this execution; absent where nothing says how long it will take. */
  readonly secondsLeft?: number;
  /** Why items were rejected or failed, and how many; bounded. */
  readonly reasons?: Readonly<Record<string, number>>;
  readonly words: number;
  readonly spending: Spending;
}

/** A run as a user sees it. */
export interface RunProgress {
  readonly run: string;
  readonly state: 'running' | 'paused' | 'completed' | 'failed' | 'cancelled';
  /** Why it is paused or failed. */
  readonly message: string;
  readonly stages: readonly StageProgress[];
  /** What all stages together paid for. */
  readonly paid: Cost;
  readonly budget?: Budget;
}

/** Characters of a message that stand in a stage's line. */
const MOST_OF_A_MESSAGE = 120;

/** The beginning of a failure's message, in one line. */
export function shortMessage(message: string): string {
  const line = Array.from(message.replace(/\s+/g, ' ').trim());
  return line.length <= MOST_OF_A_MESSAGE ? line.join('') : `${line.slice(0, MOST_OF_A_MESSAGE - 1).join('')}…`;
}

/**
 * Seconds that a count still takes at its pace; undefined before anything was done. What was found finished took no time and
 * says nothing of the pace.
 *
 * @param seconds that the work beyond what was found has taken
 */
export function timeLeft(work: { done: number; found: number; total: number; seconds: number }): number | undefined {
  const { done, found, total, seconds } = work;
  if (done >= total || done <= found || seconds <= 0) return undefined;
  return Math.round((seconds / (done - found)) * (total - done));
}

/** Reasons with their counts, in one line, the most frequent first; empty where there are none. */
export function reasonsLine(reasons: Readonly<Record<string, number>> = {}): string {
  const sorted = Object.entries(reasons).toSorted(([, one], [, another]) => another - one);
  return sorted.map(([reason, count]) => `${count} ${reason}`).join(', ');
}

/** One stage as a line of plain text. */
export function stageLine(progress: StageProgress): string {
  const { stage, state, done, total, detail, seconds, secondsLeft, reasons, words, spending } = progress;
  const why = reasonsLine(reasons);
  const facts = [
    ...(detail === '' ? [] : [detail]),
    ...(state === 'running' && secondsLeft !== undefined ? [`${roughTime(secondsLeft)} left`] : []),
    ...(why === '' ? [] : [`left out: ${why}`]),
    ...(words > 0 ? [`${shortNumber(words)} words`] : []),
    ...(spending.used.calls > 0 ? [formatCost(spending.used)] : []),
  ];
  const count = total > 0 ? ` ${done} of ${total}` : '';
  const time = seconds > 0 ? ` (${Math.round(seconds)} s)` : '';
  return `${stage.padEnd(12)}${state}${[count, ...facts].join(', ')}${time}`;
}

/** What a run has paid for, as a line of plain text; undefined where it made no call. */
export function paidLine({ paid, budget }: Pick<RunProgress, 'paid' | 'budget'>): string | undefined {
  if (paid.calls === 0 && !budget) return undefined;
  const of = budget
    ? `, ${formatAmount(amountOf(paid, budget.unit), budget.unit)} of ${formatAmount(budget.amount, budget.unit)}`
    : '';
  return `paid for ${paid.calls} calls${of}: ${formatCost(paid)}`;
}

/** The name of the signal by which a serving activity tells its workflow that the model is up. */
export const SERVED_SIGNAL = 'served';

/** Which model is up, where, and by which attempt; the address itself stands in the lease. */
export interface ServedReport {
  readonly identity: string;
  readonly node: string;
  readonly attempt: number;
}
