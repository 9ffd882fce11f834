import { completionKey, judgementKey } from '../domain/keys.ts';
import type { EvaluatedCompletion } from '../domain/evaluation.ts';
import { Completion, Judgement } from '../domain/schemas/completion.ts';
import type { ActivityDeps } from './deps.ts';
import { lookUpAll } from './look-ups.ts';
import { findJson } from './io/store/json.ts';

/** All completions of a folder that were made, each with its prompt and its judgement, in order. */
export async function readCompletionSet(
  deps: ActivityDeps,
  folder: string,
  completions: number,
): Promise<EvaluatedCompletion[]> {
  const prompts = await deps.files.prompts(`${folder}/prompts.jsonl`);
  const places = prompts.flatMap((prompt) => Array.from({ length: completions }, (_, index) => ({ prompt, index })));
  const rows = await lookUpAll(places, async ({ prompt, index }): Promise<EvaluatedCompletion[]> => {
    const completion = await findJson(deps.store, completionKey(folder, prompt.id, index), Completion);
    if (!completion) return [];
    const judgement = await findJson(deps.store, judgementKey(folder, prompt.id, index), Judgement);
    return [{ prompt, completion, judgement }];
  });
  return rows.flat();
}
