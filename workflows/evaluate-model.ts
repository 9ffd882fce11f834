import type { Evaluation } from '../activities/score-evaluation.ts';
import type { Spending } from '../domain/schemas/call.ts';
import { completeAndJudge, type CompleteAndJudgeInput } from './complete-and-judge.ts';
import { assembly } from './proxies.ts';
import { pausable } from './steps.ts';

export type EvaluateModelInput = Omit<CompleteAndJudgeInput, 'stage' | 'purpose'>;

/** Measures one model on the benchmark: completions of each prompt, judged, then scored for length and quality. */
export async function evaluateModel(input: EvaluateModelInput): Promise<Evaluation & { readonly spending: Spending }> {
  const { run, revision, model, fresh } = input;
  const prompts = await pausable(run, () =>
    assembly.listPrompts({ run, revision, model, purpose: 'evaluation', ...(fresh ? { fresh } : {}) }),
  );
  const { folder, imported } = prompts;
  if (model.location.kind === 'predictions') {
    const { key } = model.location;
    const judged = imported?.judged ?? false;
    await pausable(run, () => assembly.importCompletions({ run, revision, folder, key, judged }));
  }
  const spending = await completeAndJudge({ ...input, stage: 'evaluate', purpose: 'evaluation' }, prompts);
  const evaluation = await pausable(run, () =>
    assembly.scoreEvaluation({ run, revision, model, ...(fresh ? { fresh } : {}), ...prompts }),
  );
  return { ...evaluation, spending };
}
