import PQueue from 'p-queue';

/** What an endpoint allows one worker. */
export interface PaceLimits {
  readonly inFlight: number;
  readonly requestsPerMinute?: number | undefined;
}

/** Keeps one endpoint's limits in this worker: calls in flight, requests a minute, and a gate that a 429 closes. */
export interface Pacer {
  run<T>(call: () => Promise<T>, signal: AbortSignal): Promise<T>;
  /** Lets no new call begin for a while. */
  closeFor(ms: number): void;
}

/** Makes a pacer; with a rate, calls begin evenly spaced, without a burst. */
export function makePacer({ inFlight, requestsPerMinute }: PaceLimits): Pacer {
  const queue = new PQueue({
    concurrency: inFlight,
    ...(requestsPerMinute === undefined ? {} : { interval: 60_000 / requestsPerMinute, intervalCap: 1 }),
  });
  let reopening: NodeJS.Timeout | undefined;
  let closedUntil = 0;
  return {
    run: (call, signal) => queue.add(call, { signal }),
    closeFor(ms) {
      const until = Date.now() + ms;
      if (until <= closedUntil) return;
      closedUntil = until;
      clearTimeout(reopening);
      queue.pause();
      reopening = setTimeout(() => queue.start(), ms);
    },
  };
}
