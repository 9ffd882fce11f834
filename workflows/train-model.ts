import type { TrainModelInput, TrainedModel } from '../activities/train-model.ts';
import { gpu } from './proxies.ts';
import { pausable } from './steps.ts';

/** Trains one model on a GPU node; a node that dies is replaced, and training goes on from the newest whole checkpoint. */
export async function trainModel(input: TrainModelInput): Promise<TrainedModel> {
  return pausable(input.run, () =>
    gpu.trainModel.executeWithOptions({ summary: `${input.method} from the ${input.base.name} model` }, [input]),
  );
}
