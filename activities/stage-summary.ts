import { sumCounts } from '../domain/count-by.ts';
import { gateLine } from '../domain/model-gate.ts';
import type { Stage } from '../domain/names.ts';
import { selectionLine } from '../domain/selection.ts';
import type { StageOutcomes } from './stage-outcomes.ts';

/** What a stage made, in a few words; counts and names only. */
export function stageSummary(stage: Stage, outcomes: Partial<StageOutcomes>): string {
  switch (stage) {
    case 'select':
      return outcomes.select ? selectionLine(outcomes.select) : '';
    case 'generate':
      return outcomes.generate ? itemCounts(outcomes.generate) : '';
    case 'dataset':
      return `${outcomes.dataset?.kept} training rows, ${outcomes.dataset?.general} general rows`;
    case 'sft':
    case 'dpo':
      return outcomes[stage] ? `trained on ${outcomes[stage].rows} rows; ${gateLine(outcomes[stage].gate)}` : '';
    case 'preferences':
      return `${outcomes.preferences?.pairs} pairs of ${outcomes.preferences?.prompts} prompts, ${outcomes.preferences?.general} general pairs`;
    case 'evaluate':
      return (outcomes.evaluate?.models ?? [])
        .map(({ model, completions }) => `${model}: ${completions} completions`)
        .join(', ');
    case 'report':
      return outcomes.report?.path ?? '';
  }
}

function itemCounts({ kept, rejected, failed }: StageOutcomes['generate']): string {
  return `${kept} kept, ${sumCounts(rejected)} rejected, ${sumCounts(failed)} failed`;
}
