import type { ModelName } from '../../domain/names.ts';

const LABELS: Readonly<Record<ModelName, string>> = { base: 'base', sft: 'SFT', dpo: 'DPO' };

/** A model of the run as people write it. */
export function modelLabel(model: ModelName): string {
  return LABELS[model];
}
