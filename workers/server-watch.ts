import type { NativeConnection } from '@temporalio/worker';

/** Milliseconds between two questions, and that one may take. */
const EVERY_MS = 2000;

/** Milliseconds without an answer after which the server counts as away. */
const AWAY_MS = 6000;

/** Whether Temporal's server answers this process. */
export interface ServerWatch {
  answers(): boolean;
  end(): void;
}

/** Asks Temporal's server every other second for what costs it nothing. */
export function watchServer(connection: NativeConnection, awayMs = AWAY_MS): ServerWatch {
  let answeredAt = Number.NEGATIVE_INFINITY;
  let asking = false;
  const ask = async () => {
    if (asking) return;
    asking = true;
    try {
      await connection.withDeadline(Date.now() + EVERY_MS, () => connection.workflowService.getSystemInfo({}));
      answeredAt = performance.now();
    } catch {
      // It is told by what it did not answer.
    } finally {
      asking = false;
    }
  };
  void ask();
  const timer = setInterval(() => void ask(), EVERY_MS).unref();
  return {
    answers: () => performance.now() - answeredAt < awayMs,
    end: () => clearInterval(timer),
  };
}
