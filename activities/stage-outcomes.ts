import type { ModelName } from '../domain/names.ts';
import type { ModelReference } from '../domain/schemas/run.ts';
import type { AssembledDataset } from './assemble-dataset.ts';
import type { PreferencePairs } from './build-preference-pairs.ts';
import type { Evaluation } from './score-evaluation.ts';
import type { SelectedInstructions } from './select-instructions.ts';
import type { TrainedModel } from './train-model.ts';

/** How many items of a partition, or of a stage, came out how. */
export interface ItemCounts {
  readonly kept: number;
  /** By reason. */
  readonly rejected: Readonly<Record<string, number>>;
  /** By failure type. */
  readonly failed: Readonly<Record<string, number>>;
}

/** What each stage leaves to the later ones: references and counts, never text. */
export interface StageOutcomes {
  readonly select: SelectedInstructions;
  readonly generate: ItemCounts;
  readonly dataset: AssembledDataset;
  readonly sft: TrainedModel & { readonly base: ModelReference };
  readonly preferences: PreferencePairs;
  readonly dpo: TrainedModel;
  readonly evaluate: Partial<Readonly<Record<ModelName, Evaluation>>>;
  readonly report: { readonly path: string };
}
