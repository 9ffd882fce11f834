import { ApplicationFailure, CancellationScope, condition, isCancellation, setHandler } from '@temporalio/workflow';
import { SERVING_FAILURES_TO_PAUSE } from '../domain/failures.ts';
import type { ServedReport } from '../domain/progress.ts';
import type { ModelReference } from '../domain/schemas/run.ts';
import { pausingFailure } from './failures.ts';
import { servedSignal } from './messages.ts';
import { gpu } from './proxies.ts';
import { tellPaused, untilBroken } from './steps.ts';

export interface ServedInput {
  readonly run: string;
  readonly revision: number;
  readonly model: ModelReference;
  readonly waitLimitMinutes?: number | undefined;
}

/**
 * Works while a model is held up on a GPU node, and takes it down afterwards. A node that dies, or a server that ends, is
 * replaced; calls under way wait meanwhile. Cancelled or failed, the server is down before this returns.
 *
 * Fails with Serving.WaitExceeded where the model is not up for the first time within `waitLimitMinutes`.
 */
export async function whileServed<T>(input: ServedInput, work: () => Promise<T>): Promise<T> {
  let up: ServedReport | undefined;
  let broken: unknown;
  setHandler(servedSignal, (report) => {
    if (report.identity === input.model.identity) up = report;
  });
  const scope = new CancellationScope();
  const serving = scope
    .run(() => holdUp(input))
    .catch((error: unknown) => {
      if (!isCancellation(error)) broken = error;
    });
  try {
    await settledInTime(input, () => up !== undefined || broken !== undefined);
    if (broken !== undefined) throw broken;
    return await untilBroken(work, () => broken);
  } finally {
    await CancellationScope.nonCancellable(async () => {
      scope.cancel();
      await serving;
    });
  }
}

/** Waits for a served model, for a GPU node among others, as long as it may take. */
async function settledInTime({ model, waitLimitMinutes }: ServedInput, settled: () => boolean): Promise<void> {
  if (waitLimitMinutes === undefined) return condition(settled);
  if (await condition(settled, Math.ceil(waitLimitMinutes * 60_000), { summary: `waits for the ${model.name} model` }))
    return;
  throw waitExceeded(model.name, waitLimitMinutes);
}

/** Works with a GPU node as long as it may be waited for one. Fails with Serving.WaitExceeded. */
export async function withinWaitLimit<T>(
  { name, waitLimitMinutes }: { readonly name: string; readonly waitLimitMinutes: number | undefined },
  work: () => Promise<T>,
): Promise<T> {
  if (waitLimitMinutes === undefined) return work();
  try {
    return await CancellationScope.withTimeout(Math.ceil(waitLimitMinutes * 60_000), work);
  } catch (error) {
    if (!isCancellation(error) || CancellationScope.current().consideredCancelled) throw error;
    throw waitExceeded(name, waitLimitMinutes);
  }
}

function waitExceeded(name: string, minutes: number): ApplicationFailure {
  const message = `the ${name} model was not up within ${minutes} minutes; is a GPU node free?`;
  return ApplicationFailure.nonRetryable(message, 'Serving.WaitExceeded');
}

/** Serves until cancelled; after repeated failures the activity has paused the run, and its gate holds the next try. */
async function holdUp({ run, revision, model }: ServedInput): Promise<void> {
  for (let failures = 0; ; failures++) {
    try {
      await gpu.serveModel.executeWithOptions({ summary: `serve the ${model.name} model` }, [
        { run, revision, model, failures },
      ]);
    } catch (error) {
      const reason = pausingFailure(error);
      if (!reason) throw error;
      if (failures + 1 < SERVING_FAILURES_TO_PAUSE) continue;
      await tellPaused(run, reason);
    }
  }
}
