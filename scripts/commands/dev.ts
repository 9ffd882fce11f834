import { openStore } from '../../activities/io/store/open.ts';
import { readEnvironment } from '../../configs/env.ts';
import { startPipeline } from '../embedded/pipeline.ts';
import { stopOnSignals } from '../embedded/services.ts';
import { EXIT } from '../exit.ts';

/** Keeps the embedded services and workers up until Ctrl-C, so that the UI shows details of finished runs too. */
export async function dev({ json }: { readonly json?: boolean }): Promise<number> {
  await openStore(readEnvironment().storeUrl).check();
  const pipeline = await startPipeline((line) => console.error(line));
  stopOnSignals(() => pipeline.stop());
  const { uiUrl } = pipeline.services;
  const { temporalAddress, storeUrl } = pipeline.environment;
  if (json) console.log(JSON.stringify({ state: 'up', uiUrl, temporalAddress, store: storeUrl }));
  else console.error(`workers are up; Temporal UI: ${uiUrl}; Ctrl-C ends`);
  await pipeline.workers.ended;
  await pipeline.stop();
  return EXIT.done;
}
