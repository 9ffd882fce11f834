import { openStore } from '../../activities/io/store/open.ts';
import { readEnvironment } from '../../configs/env.ts';
import { startPipeline } from '../embedded/pipeline.ts';
import { AlreadyRunningError, stopOnSignals } from '../embedded/services.ts';
import { CommandError, EXIT } from '../exit.ts';

/** Keeps the embedded services and workers up until Ctrl-C, so that the UI shows details of finished runs too. */
export async function dev(): Promise<number> {
  await openStore(readEnvironment().storeUrl).check();
  const pipeline = await startPipeline((line) => console.error(line)).catch((error: unknown) => {
    if (error instanceof AlreadyRunningError) throw new CommandError(EXIT.failed, error.message);
    throw error;
  });
  stopOnSignals(() => pipeline.stop());
  console.error(`Temporal UI: ${pipeline.services.uiUrl}; Ctrl-C ends`);
  await pipeline.workers.ended;
  await pipeline.stop();
  return EXIT.done;
}
