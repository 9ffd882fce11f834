import { ApplicationFailure, ApplicationFailureCategory, CancelledFailure } from '@temporalio/common';
import { FAILURES, type FailureType } from '../domain/failures.ts';
import { LauncherError } from './io/launcher/launcher.ts';
import { ModelError } from './io/model/model.ts';
import { CorruptObjectError } from './io/store/json.ts';
import { RowsError } from './io/rows/source-row.ts';
import { StoreError } from './io/store/store.ts';

/** What many steps at once may fail with though nothing is wrong: neither logged as a failure nor counted as one. */
const EXPECTED: readonly FailureType[] = ['Worker.Draining', 'Run.Paused'];

/** An ApplicationFailure of our closed list; whether Temporal retries it stands in FAILURES. */
export function failure(
  type: FailureType,
  message: string,
  options: { retryAfterMs?: number } = {},
): ApplicationFailure {
  return ApplicationFailure.create({
    type,
    message,
    nonRetryable: FAILURES[type] !== 'retry',
    ...(EXPECTED.includes(type) ? { category: ApplicationFailureCategory.BENIGN } : {}),
    ...(options.retryAfterMs === undefined ? {} : { nextRetryDelay: Math.max(1000, options.retryAfterMs) }),
  });
}

/** The longest time between two attempts, milliseconds. */
const LONGEST_BACKOFF_MS = 60_000;

/**
 * Milliseconds until the next attempt: twice as long each time, up to a minute, each cut by up to half at random, so that
 * many steps that failed together do not come back together.
 *
 * @param attempt 1 for the first one
 * @param random 0 to 1
 */
export function backoffMs(attempt: number, random: number): number {
  const full = Math.min(LONGEST_BACKOFF_MS, 1000 * 2 ** Math.min(attempt, 30));
  return Math.round(full * (1 - random / 2));
}

/**
 * Turns what an adapter threw into a failure of our list. Cancellations and what is a failure already pass through; so
 * does an unknown error, which is a defect of ours and is retried by Temporal in plain sight.
 *
 * @param attempt the attempt that failed, 1 for the first one
 */
export function toFailure(error: unknown, attempt: number): unknown {
  if (error instanceof CancelledFailure || error instanceof ApplicationFailure) return error;
  if (error instanceof ModelError) {
    const retryAfterMs = error.retryAfterMs ?? backoffMs(attempt, Math.random());
    return failure(`Model.${error.problem}`, error.message, { retryAfterMs });
  }
  if (error instanceof StoreError) return failure(`Store.${error.problem}`, error.message);
  if (error instanceof LauncherError) return failure(`Launcher.${error.problem}`, error.message);
  if (error instanceof RowsError) return failure('Rows.Unreadable', error.message);
  if (error instanceof CorruptObjectError) return failure('Store.Corrupt', error.message);
  return error;
}
