import { Context } from '@temporalio/activity';

/** Milliseconds between two heartbeats; the worker sends on at most what its throttle allows. */
const BEAT_MS = 1000;

/**
 * Runs work that takes a while: beats on a timer, hands the work a signal that aborts on cancellation, and after an
 * error of an aborted work throws the cancellation, since a client's abort error looks like any other.
 *
 * @param details what each beat says of the work, for eyes: a small object without text of a model
 */
export async function whileBeating<T>(work: (signal: AbortSignal) => Promise<T>, details?: () => object): Promise<T> {
  const context = Context.current();
  const timer = setInterval(() => context.heartbeat(details?.()), BEAT_MS);
  try {
    return await work(context.cancellationSignal);
  } catch (error) {
    if (context.cancellationSignal.aborted) await context.cancelled;
    throw error;
  } finally {
    clearInterval(timer);
  }
}
