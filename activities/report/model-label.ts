const LABELS: Readonly<Record<string, string>> = { base: 'base', sft: 'SFT', dpo: 'DPO' };

/** A model of the run as people write it. */
export function modelLabel(model: string): string {
  return LABELS[model] ?? model;
}
