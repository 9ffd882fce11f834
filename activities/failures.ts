import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { FAILURES, type FailureType } from '../domain/failures.ts';
import { ModelError } from './io/model/model.ts';
import { CorruptObjectError } from './io/store/json.ts';
import { StoreError } from './io/store/store.ts';

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
    ...(options.retryAfterMs === undefined ? {} : { nextRetryDelay: Math.max(1000, options.retryAfterMs) }),
  });
}

/**
 * Turns what an adapter threw into a failure of our list. Cancellations and what is a failure already pass through; so
 * does an unknown error, which is a defect of ours and is retried by Temporal in plain sight.
 */
export function toFailure(error: unknown): unknown {
  if (error instanceof CancelledFailure || error instanceof ApplicationFailure) return error;
  if (error instanceof ModelError) {
    return failure(
      `Model.${error.problem}`,
      error.message,
      error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs },
    );
  }
  if (error instanceof StoreError) return failure(`Store.${error.problem}`, error.message);
  if (error instanceof CorruptObjectError) return failure('Store.Corrupt', error.message);
  return error;
}
