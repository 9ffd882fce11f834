import { CancellationScope, condition, isCancellation, setHandler } from '@temporalio/workflow';
import { SERVING_FAILURES_TO_PAUSE } from '../domain/failures.ts';
import type { ServedReport } from '../domain/progress.ts';
import type { ModelReference } from '../domain/schemas/run.ts';
import { pausingFailure } from './failures.ts';
import { servedSignal } from './messages.ts';
import { gpu } from './proxies.ts';
import { tellPaused } from './steps.ts';

/**
 * Works while a model is held up on a GPU node, and takes it down afterwards. A node that dies, or a server that ends, is
 * replaced; calls under way wait meanwhile. Cancelled or failed, the server is down before this returns.
 */
export async function whileServed<T>(
  input: { readonly run: string; readonly revision: number; readonly model: ModelReference },
  work: () => Promise<T>,
): Promise<T> {
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
    await condition(() => up !== undefined || broken !== undefined);
    if (broken !== undefined) throw broken;
    return await untilBroken(work, () => broken);
  } finally {
    await CancellationScope.nonCancellable(async () => {
      scope.cancel();
      await serving;
    });
  }
}

/** Works, and stops working with the error when the model cannot be served any more. */
async function untilBroken<T>(work: () => Promise<T>, broken: () => unknown): Promise<T> {
  const scope = new CancellationScope();
  const stop = () => scope.cancel();
  condition(() => broken() !== undefined).then(stop, stop);
  try {
    return await scope.run(work);
  } catch (error) {
    throw broken() ?? error;
  }
}

/** Serves until cancelled; after repeated failures the activity has paused the run, and its gate holds the next try. */
async function holdUp({ run, revision, model }: Parameters<typeof whileServed>[0]): Promise<void> {
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
