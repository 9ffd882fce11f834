import { vi } from 'vitest';
import type { Pacer, Turn } from '../../activities/pacer.ts';

/** An endpoint's limit: whether it takes a request that arrives at a time, in milliseconds. */
export type Limiter = (now: number) => boolean;

/** A bucket that starts full and refills evenly. */
export function tokenBucket(perSecond: number, burst: number): Limiter {
  let tokens = burst;
  let at = 0;
  return (now) => {
    tokens = Math.min(burst, tokens + ((now - at) / 1000) * perSecond);
    at = now;
    // Sums of tenths fall short of a whole by rounding.
    if (tokens < 1 - 1e-9) return false;
    tokens--;
    return true;
  };
}

/** At most so many in any second. */
export function slidingWindow(perSecond: number): Limiter {
  const taken: number[] = [];
  return (now) => {
    while (taken[0] !== undefined && taken[0] <= now - 1000) taken.shift();
    if (taken.length >= perSecond) return false;
    taken.push(now);
    return true;
  };
}

/** Nothing sooner than its place in an even row: a bucket of one. */
export const evenRow = (perSecond: number): Limiter => tokenBucket(perSecond, 1);

/** Takes everything. */
export const noLimit: Limiter = () => true;

/** What is offered to a simulated endpoint, and how it behaves; times in milliseconds of a faked clock. */
export interface Simulation {
  readonly pacer: Pacer;
  readonly limiter: Limiter;
  readonly calls: number;
  readonly latencyMs?: number;
  readonly refusalMs?: number;
  readonly tokens?: number;
}

/** What came of it: when requests arrived and which were refused, from the first call on. */
export interface Outcome {
  readonly answered: number;
  readonly requests: readonly number[];
  readonly refused: number;
  readonly seconds: number;
}

/** Milliseconds that the simulated endpoints' Retry-After says. */
const RETRY_AFTER_MS = 1000;

/** Makes all calls, at most 200 of them waiting at once, each offered again a second after it was refused. */
export async function simulate({
  pacer,
  limiter,
  calls,
  latencyMs = 200,
  refusalMs = 0,
  tokens = 0,
}: Simulation): Promise<Outcome> {
  const startedAt = performance.now();
  const requests: number[] = [];
  const counts = { offered: 0, answered: 0, refused: 0, lastAt: 0 };

  const ask = async (turn: Turn): Promise<boolean> => {
    const now = performance.now() - startedAt;
    requests.push(now);
    if (limiter(now)) {
      await sleep(latencyMs);
      turn.spent(tokens);
      counts.answered++;
      counts.lastAt = performance.now() - startedAt;
      return true;
    }
    if (refusalMs > 0) await sleep(refusalMs);
    turn.limited(RETRY_AFTER_MS);
    counts.refused++;
    return false;
  };
  const task = async (): Promise<void> => {
    while (counts.offered < calls) {
      counts.offered++;
      while (
        !(await pacer.run(ask, {
          signal: new AbortController().signal,
          rank: { urgency: 3, run: 'demo', priority: 0 },
        }))
      )
        await sleep(RETRY_AFTER_MS);
    }
  };

  const done = Promise.all(Array.from({ length: Math.min(calls, 200) }, task));
  while (counts.answered < calls) await vi.advanceTimersByTimeAsync(1000);
  await done;
  return { answered: counts.answered, requests, refused: counts.refused, seconds: counts.lastAt / 1000 };
}

/** Waits on the faked clock. */
export const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
