import type { Stage } from './names.ts';
import { pairJudgements } from './preference.ts';

/** What of a configuration decides whether its judge is asked. */
interface Judging {
  readonly instructions: { readonly model?: { readonly endpoint: string } | undefined };
  readonly preferences: { readonly lengthWeight: number };
  readonly evaluation: { readonly judgements: number };
}

/** Whether one of some stages asks the judge for anything. */
export function isJudgeAsked({ instructions, preferences, evaluation }: Judging, stages: readonly Stage[]): boolean {
  return (
    (stages.includes('select') && instructions.model?.endpoint === 'judge') ||
    (stages.includes('preferences') && pairJudgements(preferences.lengthWeight) > 0) ||
    (stages.includes('evaluate') && evaluation.judgements > 0)
  );
}
