/** Calls that wait for their turn: a higher priority first, equal ones in order of arrival. */
export interface TurnQueue<T> {
  readonly size: number;
  /** Waits for a turn. Fails with the signal's reason where that aborts first. */
  wait(priority: number, signal: AbortSignal): Promise<T>;
  /** Gives the first in line its turn. */
  giveFirst(turn: T): void;
}

/** Makes an empty queue. */
export function makeTurnQueue<T>(): TurnQueue<T> {
  const waiting: { readonly priority: number; readonly take: (turn: T) => void }[] = [];
  return {
    get size() {
      return waiting.length;
    },
    wait(priority, signal) {
      return new Promise((resolve, reject) => {
        const abort = () => {
          waiting.splice(waiting.indexOf(call), 1);
          reject(signal.reason as Error);
        };
        const take = (turn: T) => {
          signal.removeEventListener('abort', abort);
          resolve(turn);
        };
        const call = { priority, take };
        if (signal.aborted) return reject(signal.reason as Error);
        signal.addEventListener('abort', abort, { once: true });
        waiting.splice(waiting.findLastIndex((other) => other.priority >= priority) + 1, 0, call);
      });
    },
    giveFirst(turn) {
      waiting.shift()?.take(turn);
    },
  };
}
