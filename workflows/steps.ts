import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { CancellationScope, condition, getExternalWorkflowHandle, sleep, workflowInfo } from '@temporalio/workflow';
import { pausingFailure } from './failures.ts';
import { pausedSignal, type PauseReason } from './messages.ts';

/** Asks with draws 0, 1, … until an answer is accepted, at most `maxDraws` times; returns the last one. */
export async function drawUntilAccepted<T extends { readonly ok: boolean }>(
  maxDraws: number,
  ask: (draw: number, last: T | undefined) => Promise<T>,
): Promise<T> {
  let last: T | undefined;
  for (let draw = 0; ; draw++) {
    const answer: T = await ask(draw, last);
    if (answer.ok || draw + 1 >= maxDraws) return answer;
    last = answer;
  }
}

/**
 * Takes a step, and after a failure that pauses the run tells the run and takes it again. The worker's gate holds the
 * repeated step until the run is resumed, so this costs no history meanwhile.
 */
export async function pausable<T>(run: string, step: () => Promise<T>): Promise<T> {
  for (let seconds = 1; ; seconds = Math.min(seconds * 2, 30)) {
    try {
      return await step();
    } catch (error) {
      const reason = pausingFailure(error);
      if (!reason) throw error;
      // What passed the gate failed after a resume. What did not is told once a step: an execution takes 10,000 signals.
      if (seconds === 1 || reason.type !== 'Store.Forbidden') await tellPaused(run, reason);
      // For what fails without passing the gate, such as a store that cannot be written.
      await sleep(`${seconds}s`, { summary: `paused: ${reason.type}` });
    }
  }
}

/** How a run that takes a step itself hears of a pause: the server lets no workflow signal itself. */
let heardHere: ((reason: PauseReason) => void) | undefined;

/** Makes pauses of this very workflow's own steps heard; called once, by the run. */
export function hearPauses(hear: (reason: PauseReason) => void): void {
  heardHere = hear;
}

/** Tells the run that it is paused. */
export async function tellPaused(run: string, reason: PauseReason): Promise<void> {
  if (workflowInfo().workflowId === run) heardHere?.(reason);
  else {
    await getExternalWorkflowHandle(run)
      .signal(pausedSignal, reason)
      .catch(() => undefined);
  }
}

/** Starts a child; while an old execution of the same id is still closing, waits and tries again. */
export async function startWhenClosed<T>(start: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await start();
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      await sleep('1s', { summary: 'an earlier execution is still closing' });
    }
  }
}

/** Works, and stops working with the error once something else has broken; the work has ended before this throws. */
export async function untilBroken<T>(work: () => Promise<T>, broken: () => unknown): Promise<T> {
  const scope = new CancellationScope();
  const stop = () => scope.cancel();
  condition(() => broken() !== undefined).then(stop, stop);
  try {
    return await scope.run(work);
  } catch (error) {
    throw broken() ?? error;
  }
}

/**
 * Works on items with at most `window` in progress: the next begins when any one ends. A cancellation is thrown once all of
 * them have ended, not with the first: an item that waits for its next attempt ends at once, one with a call takes a second.
 */
export async function inWindow<T>(
  items: readonly T[],
  window: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  const lane = async () => {
    for (const item of queue) await work(item);
  };
  const lanes = Array.from({ length: Math.min(window, items.length) }, lane);
  try {
    await Promise.all(lanes);
  } catch (error) {
    if (CancellationScope.current().consideredCancelled) await Promise.allSettled(lanes);
    throw error;
  }
}
