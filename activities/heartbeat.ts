import { setMaxListeners } from 'node:events';
import { Context } from '@temporalio/activity';

/** Milliseconds between two heartbeats; the worker sends on at most what its throttle allows. */
const BEAT_MS = 1000;

/**
 * Runs work that takes a while: beats on a timer, hands the work a signal that aborts on cancellation, and after an
 * error of an aborted work throws the cancellation, since a client's abort error looks like any other.
 *
 * The work may say how far it is: each beat carries what it said last, for eyes only.
 */
export async function whileBeating<T>(
  work: (signal: AbortSignal, say: (details: unknown) => void) => Promise<T>,
): Promise<T> {
  const context = Context.current();
  // A step may have many calls under way, such as those for the windows of a long text, and each listens twice.
  setMaxListeners(0, context.cancellationSignal);
  let said: unknown;
  const timer = setInterval(() => context.heartbeat(said), BEAT_MS);
  try {
    return await work(context.cancellationSignal, (details) => {
      said = details;
    });
  } catch (error) {
    if (context.cancellationSignal.aborted) await context.cancelled;
    throw error;
  } finally {
    clearInterval(timer);
  }
}
