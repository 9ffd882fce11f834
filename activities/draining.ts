import { failure } from './failures.ts';

/**
 * Runs work that may wait long, and ends its waits where the worker is told to end: another worker takes the step again.
 *
 * The work's own signal tells it of both; what must not be cut off, such as a call that is paid for, goes by the first alone.
 * Fails with Worker.Draining where the worker ends.
 *
 * @param draining aborts when the worker is told to end
 */
export async function whileNotDraining<T>(
  { signal, draining }: { readonly signal: AbortSignal; readonly draining: AbortSignal },
  work: (waits: AbortSignal) => Promise<T>,
): Promise<T> {
  // Not AbortSignal.any: of a signal that lives as long as the worker it would keep every call's.
  const waits = new AbortController();
  const cancel = () => waits.abort(signal.reason);
  const drain = () =>
    waits.abort(failure('Worker.Draining', 'this worker was told to end; another goes on', { retryAfterMs: 0 }));
  signal.addEventListener('abort', cancel);
  draining.addEventListener('abort', drain);
  try {
    if (signal.aborted) cancel();
    if (draining.aborted) drain();
    return await work(waits.signal);
  } finally {
    signal.removeEventListener('abort', cancel);
    draining.removeEventListener('abort', drain);
  }
}
