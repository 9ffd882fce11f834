/** Whose turn it is before others. */
export interface Rank {
  /** Of its run: 1 is the most urgent, 5 the least; a less urgent one waits while there is a more urgent one. */
  readonly urgency: number;
  /** Runs that are equally urgent take turns, one call each. */
  readonly run: string;
  /** Within its run: the highest goes first, equal ones in order of arrival. */
  readonly priority: number;
}

/** Calls that wait for their turn. */
export interface TurnQueue<T> {
  readonly size: number;
  /** Waits for a turn. Fails with the signal's reason where that aborts first. */
  wait(rank: Rank, signal: AbortSignal): Promise<T>;
  /** Gives the first in line its turn. */
  giveFirst(turn: T): void;
}

interface Waiting<T> {
  readonly priority: number;
  readonly take: (turn: T) => void;
}

/** The calls of one run that wait, and how many turns it has had; a place is kept while that says more than the clock. */
interface Line<T> {
  readonly waiting: Waiting<T>[];
  turns: number;
}

/** Runs that are equally urgent: the line with the fewest turns goes first. */
class Level<T> {
  readonly #lines = new Map<string, Line<T>>();
  /** Turns of the line that was served last: whoever comes begins here, and owes nobody what it did not use. */
  #clock = 0;

  /** Puts a call into its run's line; returns what takes it out again. */
  add(run: string, call: Waiting<T>): () => void {
    this.#forget();
    const line = this.#lines.get(run) ?? { waiting: [], turns: this.#clock };
    this.#lines.set(run, line);
    if (line.waiting.length === 0) line.turns = Math.max(line.turns, this.#clock);
    line.waiting.splice(line.waiting.findLastIndex(({ priority }) => priority >= call.priority) + 1, 0, call);
    return () => line.waiting.splice(line.waiting.indexOf(call), 1);
  }

  takeFirst(): Waiting<T> | undefined {
    let first: Line<T> | undefined;
    for (const line of this.#lines.values())
      if (line.waiting.length > 0 && (!first || line.turns < first.turns)) first = line;
    if (!first) return undefined;
    this.#clock = first.turns++;
    return first.waiting.shift();
  }

  #forget(): void {
    for (const [run, { waiting, turns }] of this.#lines)
      if (waiting.length === 0 && turns <= this.#clock) this.#lines.delete(run);
  }
}

/** Makes an empty queue: the most urgent runs first, equally urgent ones by turns. */
export function makeTurnQueue<T>(): TurnQueue<T> {
  const levels = new Map<number, Level<T>>();
  let size = 0;
  return {
    get size() {
      return size;
    },
    wait({ urgency, run, priority }, signal) {
      return new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason as Error);
        const level = levels.get(urgency) ?? new Level<T>();
        levels.set(urgency, level);
        const abort = () => {
          leave();
          size--;
          reject(signal.reason as Error);
        };
        const take = (turn: T) => {
          signal.removeEventListener('abort', abort);
          size--;
          resolve(turn);
        };
        const leave = level.add(run, { priority, take });
        size++;
        signal.addEventListener('abort', abort, { once: true });
      });
    },
    giveFirst(turn) {
      for (const urgency of [...levels.keys()].toSorted((one, other) => one - other)) {
        const first = levels.get(urgency)!.takeFirst();
        if (!first) continue;
        first.take(turn);
        return;
      }
    },
  };
}
