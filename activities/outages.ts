/** Since when an endpoint cannot be reached from this worker. */
export interface Outages {
  /** Notes a call that could not reach a place; returns for how many milliseconds none could. */
  failed(place: string): number;
  /** Notes that a place answered, whatever it said. */
  answered(place: string): void;
}

/** Failures further apart are no one outage: nobody asked in between, as in a paused run. Longer than any back-off. */
const FORGOTTEN_MS = 120_000;

/** Makes the memory of one worker process. */
export function makeOutages(now: () => number = Date.now): Outages {
  const outages = new Map<string, { began: number; last: number }>();
  return {
    failed(place) {
      const known = outages.get(place);
      const began = known && now() - known.last < FORGOTTEN_MS ? known.began : now();
      outages.set(place, { began, last: now() });
      return now() - began;
    },
    answered: (place) => void outages.delete(place),
  };
}
