import type { Readable } from 'node:stream';
import { StoreError } from './store.ts';

/**
 * What a step gives. Fails with StoreError `Unavailable` where that takes too long since the step began or last said that
 * it moved: Google's client (node-fetch 2 below it) waits for ever for the rest of an answer whose connection broke.
 */
export async function within<T>(timeoutMs: number, step: (moved: () => void) => Promise<T>): Promise<T> {
  let fail: (error: StoreError) => void = () => {};
  const late = new Promise<never>((_, reject) => (fail = reject));
  const timer = setTimeout(
    () => fail(new StoreError('Unavailable', `nothing came for ${timeoutMs / 1000} s`)),
    timeoutMs,
  );
  try {
    return await Promise.race([step(() => timer.refresh()), late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * What a stream gives.
 *
 * Fails with StoreError `Unavailable` where the next piece does not come in time.
 *
 * @yields each piece as it comes
 */
export async function* unstalled<T>(timeoutMs: number, stream: Readable): AsyncIterable<T> {
  const pieces = stream[Symbol.asyncIterator]() as AsyncIterator<T>;
  try {
    for (;;) {
      const next = await within(timeoutMs, () => pieces.next());
      if (next.done) return;
      yield next.value;
    }
  } finally {
    stream.destroy();
  }
}
