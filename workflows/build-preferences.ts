import type { PreferencePairs } from '../activities/build-preference-pairs.ts';
import type { Spending } from '../domain/schemas/call.ts';
import { completeAndJudge, type CompleteAndJudgeInput } from './complete-and-judge.ts';
import { assembly } from './proxies.ts';
import { pausable } from './steps.ts';

export interface BuildPreferencesInput extends Omit<CompleteAndJudgeInput, 'stage' | 'purpose'> {
  /** Where the selected instructions are, and the dataset that the prompts are taken from. */
  readonly data: { readonly instructions: string; readonly dataset: string };
}

/** Has the SFT model complete the dataset's prompts several times, scores each completion, and pairs them. */
export async function buildPreferences({
  data,
  ...input
}: BuildPreferencesInput): Promise<PreferencePairs & { readonly spending: Spending }> {
  const { run, revision, model } = input;
  const prompts = await pausable(run, () =>
    assembly.listPrompts({ run, revision, model, data, purpose: 'preferences' }),
  );
  const spending = await completeAndJudge({ ...input, stage: 'preferences', purpose: 'preferences' }, prompts);
  const pairs = await pausable(run, () => assembly.buildPreferencePairs({ run, revision, ...prompts }));
  return { ...pairs, spending };
}
