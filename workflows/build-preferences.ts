import type { PreferencePairs } from '../activities/build-preference-pairs.ts';
import { completeAndJudge, type CompleteAndJudgeInput } from './complete-and-judge.ts';
import { assembly } from './proxies.ts';
import { pausable } from './steps.ts';

export interface BuildPreferencesInput extends Omit<CompleteAndJudgeInput, 'stage' | 'purpose'> {
  readonly instructions: string;
}

/** Has the SFT model complete the dataset's prompts several times, scores each completion, and pairs them. */
export async function buildPreferences({ instructions, ...input }: BuildPreferencesInput): Promise<PreferencePairs> {
  const { run, revision, model } = input;
  const prompts = await pausable(run, () =>
    assembly.listPrompts({ run, revision, model, instructions, purpose: 'preferences' }),
  );
  await completeAndJudge({ ...input, stage: 'preferences', purpose: 'preferences' }, prompts);
  return pausable(run, () => assembly.buildPreferencePairs({ run, revision, ...prompts }));
}
