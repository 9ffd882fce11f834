/** Since when an endpoint cannot be reached from this worker. */
export interface Outages {
  /** Notes a call that could not reach a place; returns for how many milliseconds none could. */
  failed(place: string): number;
  /** Notes that a place answered, whatever it said. */
  answered(place: string): void;
}

/** Makes the memory of one worker process. */
export function makeOutages(now: () => number = Date.now): Outages {
  const since = new Map<string, number>();
  return {
    failed(place) {
      const began = since.get(place) ?? now();
      since.set(place, began);
      return now() - began;
    },
    answered: (place) => void since.delete(place),
  };
}
