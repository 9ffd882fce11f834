/** Calls a second below which a search never goes, so that an endpoint is asked again at least every ten seconds. */
const SLOWEST = 0.1;

/** Share of the rate that was taken at which calls begin again after a refusal. */
const BACK_OFF = 0.95;

/** How far from what was taken to what was refused the climb slows down. */
const PLATEAU = 0.85;

/** The climb to the plateau takes this often as long as what is known of the endpoint took, within these milliseconds. */
const CLIMB = { times: 1.5, shortestMs: 4000, longestMs: 30_000 } as const;

/** Share of the plateau by which the climb has passed it, at least, in as long again. */
const BEYOND = 0.3;

/** Starts that are remembered since the gate reopened. */
const REMEMBERED = 1000;

/** Refusals over which the highest rate that was taken counts: one that comes by chance lowers it little. */
const EVENTS = 5;

interface Climb {
  readonly from: number;
  readonly plateau: number;
  readonly ms: number;
}

/** Looks for the rate that an endpoint takes and does not tell. Times are milliseconds of one monotonic clock. */
export interface RateSearch {
  /** Calls a second that may begin; without bound before the first refusal. */
  perSecond(): number;
  /** Tells that a call begins. */
  began(at: number): void;
  /** Tells that the call that began at `began` asked nothing. */
  unused(began: number): void;
  /** Tells that the endpoint refused the call that began at `began`, and that none may begin before `until`. */
  refused(began: number, now: number, until: number): void;
  /** When calls may begin again after a refusal. */
  readonly closedUntil: number;
  /** Works out the rate to go on with, once `now` is past `closedUntil`; whether it has just done so. */
  reopen(now: number): boolean;
  /** Tells of time in which calls had to wait: only that is evidence that a rate is taken. */
  waited(ms: number): void;
}

/**
 * Makes the search for one endpoint's hidden limit. Refusals of calls that were in flight together are one event.
 *
 * What was taken since the last event, over the time until the gate reopens, is the limit of a bucket or of a window
 * that is full again by then; what was offered lies above it. The next rate starts below the first, comes near the second
 * ever more slowly, and then passes it ever faster: the cubic of RFC 9438, stretched by how much evidence there is.
 */
export function makeRateSearch(): RateSearch {
  let taken: number[] = [];
  let refusals = 0;
  let closedAt = Number.NEGATIVE_INFINITY;
  let closedUntil = Number.NEGATIVE_INFINITY;
  let recent: readonly Evidence[] = [];
  let climb: Climb | undefined;
  let climbedMs = 0;

  const forget = (began: number) => {
    const index = taken.lastIndexOf(began);
    if (index >= 0) taken.splice(index, 1);
  };
  const perSecond = () => (climb ? Math.max(SLOWEST, climbed(climb, climbedMs)) : Number.POSITIVE_INFINITY);

  return {
    perSecond,
    began(at) {
      taken.push(at);
      if (taken.length > REMEMBERED) taken = taken.slice(-REMEMBERED / 2);
    },
    refused(began, now, until) {
      closedUntil = Math.max(closedUntil, until);
      // Late news of an event that has been answered already.
      if (refusals === 0 && began <= closedAt) return;
      if (refusals++ === 0) closedAt = now;
      forget(began);
    },
    unused: forget,
    get closedUntil() {
      return closedUntil;
    },
    reopen(now) {
      if (refusals === 0 || now < closedUntil) return false;
      const evidence = evidenceOf({ taken, refusals, closedAt, closedUntil });
      recent = [...recent, evidence].slice(-EVENTS);
      climb = nextClimb(recent, evidence, perSecond());
      climbedMs = 0;
      taken = [];
      refusals = 0;
      return true;
    },
    waited(ms) {
      climbedMs += ms;
    },
  };
}

function climbed({ from, plateau, ms }: Climb, climbedMs: number): number {
  const position = climbedMs / ms - 1;
  const height = position < 0 ? plateau - from : Math.max(plateau - from, BEYOND * plateau);
  return plateau + height * position ** 3;
}

/** A refusal and what preceded it: `taken` holds when the calls began that were taken. */
interface RefusalEvent {
  readonly taken: readonly number[];
  readonly refusals: number;
  readonly closedAt: number;
  readonly closedUntil: number;
}

/** What a refusal tells of an endpoint: calls a second that it took and that it was offered, over how long. */
interface Evidence {
  readonly taken: number;
  readonly offered: number;
  readonly ms: number;
}

/** The stretch up to the refusal in which most was taken counts, so that time without demand before it does not. */
function evidenceOf({ taken, refusals, closedAt, closedUntil }: RefusalEvent): Evidence {
  // Within less than a second a burst would pass for a rate.
  const secondsSince = (began: number) => Math.max(closedUntil - began, 1000) / 1000;
  const ms = closedUntil - (taken[0] ?? closedAt);
  let best: Evidence = { taken: SLOWEST, offered: refusals / secondsSince(closedAt), ms };
  for (const [index, began] of taken.entries()) {
    const calls = taken.length - index;
    const rate = calls / secondsSince(began);
    if (rate > best.taken) best = { taken: rate, offered: rate * (1 + refusals / calls), ms };
  }
  return best;
}

function nextClimb(recent: readonly Evidence[], { offered, ms }: Evidence, paced: number): Climb {
  const good = Math.max(...recent.map(({ taken }) => taken));
  const bad = Math.max(good, offered, Number.isFinite(paced) ? paced : 0);
  return {
    from: BACK_OFF * good,
    plateau: good + PLATEAU * (bad - good),
    ms: Math.min(Math.max(CLIMB.times * ms, CLIMB.shortestMs), CLIMB.longestMs),
  };
}
