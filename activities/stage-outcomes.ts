import type { Spending } from '../domain/schemas/call.ts';
import type { ModelGate } from '../domain/schemas/probe.ts';
import type { ModelReference } from '../domain/schemas/run.ts';
import type { ItemCounts } from '../domain/tally.ts';
import type { AssembledDataset } from './assemble-dataset.ts';
import type { PreferencePairs } from './build-preference-pairs.ts';
import type { Evaluation } from './score-evaluation.ts';
import type { SelectedInstructions } from './select-instructions.ts';
import type { TrainedModel } from './train-model.ts';

/** What the model calls of a stage took. */
interface Spent {
  readonly spending: Spending;
}

/** A trained model with the verdict of its gate. */
export interface GatedModel extends TrainedModel {
  readonly gate: ModelGate;
}

/** What an evaluation made: each model's by its name, in the order in which they are told. */
export interface EvaluatedModels {
  readonly models: readonly (Evaluation & Spent & { readonly model: string })[];
  /** Store folder of the judge's calibration, where there is one. */
  readonly calibration?: string;
}

/** What each stage leaves to the later ones: references and counts, never text. */
export interface StageOutcomes {
  readonly select: SelectedInstructions & Spent;
  readonly generate: ItemCounts;
  readonly dataset: AssembledDataset;
  readonly sft: GatedModel & { readonly base: ModelReference };
  readonly preferences: PreferencePairs & Spent;
  readonly dpo: GatedModel;
  readonly evaluate: EvaluatedModels;
  readonly report: { readonly path: string };
}
