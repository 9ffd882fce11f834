/** Tokens that a call is taken for until the first answer has told. */
const FIRST_GUESS = 1000;

/** Answers over which the mean of their tokens runs. */
const MEAN_ANSWERS = 50;

/** What calls still owe to an endpoint's tokens a minute. Times are milliseconds of one monotonic clock. */
export interface TokenDebt {
  /** When the debt is paid off, and the next call may begin. */
  readonly dueAt: number;
  /** Charges a call that begins with the mean answer; `workers` share the endpoint. */
  charge(now: number, workers: number): Charge;
}

/** One call's charge. */
export interface Charge {
  /** The answer took this many tokens. */
  spent(tokens: number): void;
  /** Puts what the call really took in the place of the mean: nothing where it failed. */
  settle(): void;
}

/**
 * Makes the debt of one endpoint; without a limit none is ever owed. A debt holds the limit in any minute, as a window
 * would, but its calls begin evenly spaced where a window lets a minute's tokens through at once and then stands still.
 */
export function makeTokenDebt(tokensPerMinute = Number.POSITIVE_INFINITY): TokenDebt {
  let dueAt = Number.NEGATIVE_INFINITY;
  let mean = FIRST_GUESS;
  let answers = 0;
  return {
    get dueAt() {
      return dueAt;
    },
    charge(now, workers) {
      const msPerToken = (60_000 * workers) / tokensPerMinute;
      const charged = mean;
      let taken = 0;
      dueAt = Math.max(dueAt, now) + charged * msPerToken;
      return {
        spent(tokens) {
          taken = tokens;
          answers = Math.min(answers + 1, MEAN_ANSWERS);
          mean += (tokens - mean) / answers;
        },
        settle() {
          dueAt += (taken - charged) * msPerToken;
        },
      };
    },
  };
}
