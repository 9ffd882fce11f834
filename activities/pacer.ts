import { makeRateSearch } from './rate-search.ts';
import { makeTokenDebt } from './token-debt.ts';
import { makeTurnQueue, type Rank } from './turn-queue.ts';

/** What an endpoint allows: calls in flight to one worker, requests and tokens a minute to all of them together. */
export interface PaceLimits {
  readonly inFlight: number;
  readonly requestsPerMinute?: number | undefined;
  readonly tokensPerMinute?: number | undefined;
}

/** A call's turn, through which it tells what came of it before it ends. */
export interface Turn {
  /** The endpoint refused the call (429); `retryAfterMs` is what it said. No call begins until then. */
  limited(retryAfterMs: number | undefined): void;
  /** The answer took this many tokens, those of the prompt included. */
  spent(tokens: number): void;
  /** Nothing was asked: the turn is given back, and the next call may begin at once. */
  unused(): void;
}

/** Keeps the limits of one endpoint in this worker, those it was told of and those that 429s reveal. */
export interface Pacer {
  /**
   * Runs a call in its turn: the most urgent runs first, equally urgent ones by turns.
   *
   * Fails with the signal's reason where it is aborted while the call waits.
   */
  run<T>(call: (turn: Turn) => Promise<T>, options: RunOptions): Promise<T>;
  /** Tells how many live workers share the endpoint's limits a minute. */
  share(workers: number): void;
}

export interface RunOptions {
  readonly signal: AbortSignal;
  readonly rank: Rank;
}

/** Milliseconds that a 429 without a Retry-After closes the gate. */
const DEFAULT_CLOSED_MS = 5000;

/** The longest sleep, milliseconds: a rate that climbs meanwhile lets a call begin sooner than it was first due. */
const LONGEST_SLEEP_MS = 100;

/** A call that has begun, and what counts its end. */
interface Begun {
  readonly turn: Turn;
  readonly end: () => void;
}

/** Makes the pacer of one endpoint. Wherever a rate is known, starts are evenly spaced, without a burst. */
export function makePacer(limits: PaceLimits): Pacer {
  const queue = makeTurnQueue<Begun>();
  const search = makeRateSearch();
  const debt = makeTokenDebt(limits.tokensPerMinute);
  let inFlight = 0;
  let workers = 1;
  let reopened = false;
  let lastDue = Number.NEGATIVE_INFINITY;
  let heldSince = Number.POSITIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;

  const toldPerSecond = () => (limits.requestsPerMinute ?? Infinity) / 60 / workers;
  const perSecond = () => Math.min(search.perSecond(), toldPerSecond());
  /** The first call after a refusal need not wait for a rate that may be very low: it tells whether there is one. */
  const spacingMs = () => 1000 / (reopened ? toldPerSecond() : perSecond());
  const dueAt = () => Math.max(lastDue + spacingMs(), debt.dueAt, search.closedUntil);

  /** Lets those begin whose turn it is, and sleeps until the next is due. Called whenever something has changed. */
  function pump(): void {
    clearTimeout(timer);
    const now = performance.now();
    search.waited(Math.max(0, now - Math.max(heldSince, search.closedUntil)));
    if (search.reopen(now)) reopened = true;
    while (queue.size > 0 && inFlight < limits.inFlight && dueAt() <= now) queue.giveFirst(begin(now));
    heldSince = queue.size > 0 ? now : Number.POSITIVE_INFINITY;
    if (queue.size === 0 || inFlight === limits.inFlight) return;
    timer = setTimeout(pump, Math.min(Math.ceil(dueAt() - now), LONGEST_SLEEP_MS));
  }

  function begin(began: number): Begun {
    // What a late timer lost is made up for, so that the rate is reached; what an idle endpoint did not use is not.
    const before = { lastDue, reopened };
    const due = lastDue + spacingMs();
    const taken = began - due <= Math.max(spacingMs() / 10, 2) ? due : began;
    lastDue = taken;
    reopened = false;
    const charge = debt.charge(began, workers);
    search.began(began);
    inFlight++;
    return {
      turn: {
        spent: (tokens) => charge.spent(tokens),
        limited(retryAfterMs = DEFAULT_CLOSED_MS) {
          const now = performance.now();
          search.refused(began, now, now + retryAfterMs);
        },
        unused() {
          // Where others have begun since, theirs move up by one.
          lastDue = lastDue === taken ? before.lastDue : lastDue - spacingMs();
          reopened ||= before.reopened;
          search.unused(began);
        },
      },
      end() {
        charge.settle();
        inFlight--;
        pump();
      },
    };
  }

  return {
    async run(call, { signal, rank }) {
      const begun = queue.wait(rank, signal);
      pump();
      const { turn, end } = await begun;
      try {
        return await call(turn);
      } finally {
        end();
      }
    },
    share(count) {
      workers = count;
      pump();
    },
  };
}
