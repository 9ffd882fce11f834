import { completionKey, judgementKey } from '../domain/keys.ts';
import type { EvaluatedCompletion } from '../domain/evaluation.ts';
import { Completion, CompletionPrompt, Judgement } from '../domain/schemas/completion.ts';
import type { ActivityDeps } from './deps.ts';
import { findJson, readJsonLines } from './io/store/json.ts';

/** All completions of a folder that were made, each with its prompt and its judgement, in order. */
export async function readCompletionSet(
  deps: ActivityDeps,
  folder: string,
  completions: number,
): Promise<EvaluatedCompletion[]> {
  const rows: EvaluatedCompletion[] = [];
  for (const prompt of await readJsonLines(deps.store, `${folder}/prompts.jsonl`, CompletionPrompt)) {
    for (let index = 0; index < completions; index++) {
      const completion = await findJson(deps.store, completionKey(folder, prompt.id, index), Completion);
      if (!completion) continue;
      const judgement = await findJson(deps.store, judgementKey(folder, prompt.id, index), Judgement);
      rows.push({ prompt, completion, judgement });
    }
  }
  return rows;
}
