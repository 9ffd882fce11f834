import { setTimeout as sleep } from 'node:timers/promises';
import type { StartedProcess } from '../../activities/io/process.ts';

/** An embedded service that cannot be had; the message is one line that names its log. */
export class EmbeddedError extends Error {
  override readonly name = 'EmbeddedError';
}

/** Waits until a service answers. Fails with EmbeddedError where its process ends first, or after the deadline. */
export async function waitFor(
  what: string,
  answers: () => Promise<boolean>,
  options: { readonly process: StartedProcess; readonly logFile: string; readonly deadlineMs: number },
): Promise<void> {
  let ended = false;
  void options.process.exited.then(() => (ended = true));
  const deadline = Date.now() + options.deadlineMs;
  while (!(await answers())) {
    if (ended) throw new EmbeddedError(`${what} ended before it answered; see ${options.logFile}`);
    if (Date.now() > deadline) {
      await options.process.stop(0);
      throw new EmbeddedError(`${what} did not answer within ${options.deadlineMs / 1000} s; see ${options.logFile}`);
    }
    await sleep(100);
  }
}
