import type { GatedModel } from '../activities/stage-outcomes.ts';
import type { TrainModelInput } from '../activities/train-model.ts';
import { setCurrentDetails, setHandler } from '@temporalio/workflow';
import { trainingDetails } from '../domain/run-details.ts';
import { progressSignal } from './messages.ts';
import { gpu } from './proxies.ts';
import { pausable } from './steps.ts';

/**
 * Trains one model on a GPU node, and then asks it the short prompts; a node that dies is replaced, and training goes on
 * from the newest whole checkpoint. A model that fails the gate is an outcome: whether the run goes on is the run's.
 */
export async function trainModel(input: TrainModelInput): Promise<GatedModel> {
  const { run, revision, method, base } = input;
  setHandler(progressSignal, ({ done, total, detail }) => setCurrentDetails(trainingDetails(done, total, detail)));
  const trained = await pausable(run, () =>
    gpu.trainModel.executeWithOptions({ summary: `${method} from the ${base.name} model` }, [input]),
  );
  const probe = { run, revision, trained: trained.model, base, folder: trained.folder };
  const summary = `short prompts, ${method} and ${base.name} model`;
  const gate = await pausable(run, () => gpu.probeModel.executeWithOptions({ summary }, [probe]));
  return { ...trained, gate };
}
