import { ActivityFailure, ApplicationFailure, ChildWorkflowFailure } from '@temporalio/workflow';
import { FAILURES, isFailureType, type FailureType } from '../domain/failures.ts';

/** The failure of our list behind an error, through activities and children; undefined for cancellations and others. */
export function failureBehind(error: unknown): { readonly type: FailureType; readonly message: string } | undefined {
  let current: unknown = error;
  while (current instanceof ActivityFailure || current instanceof ChildWorkflowFailure) current = current.cause;
  if (!(current instanceof ApplicationFailure) || !isFailureType(current.type)) return undefined;
  return { type: current.type, message: current.message };
}

/** The failure behind an error if it is one that pauses the run. */
export function pausingFailure(error: unknown): ReturnType<typeof failureBehind> {
  const behind = failureBehind(error);
  return behind && FAILURES[behind.type] === 'pause' ? behind : undefined;
}
