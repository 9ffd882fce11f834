import { completionKey, judgementKey } from '../domain/keys.ts';
import type { EvaluatedCompletion } from '../domain/evaluation.ts';
import { Completion, Judgement, type JudgementName } from '../domain/schemas/completion.ts';
import { POSITIONS } from '../domain/names.ts';
import type { ActivityDeps } from './deps.ts';
import { lookUpAll } from './look-ups.ts';
import { findJson } from './io/store/json.ts';
import type { PromptFolder } from './list-prompts.ts';

/** Which completions and judgements of a folder are read. */
export type CompletionSet = Omit<PromptFolder, 'prompts'>;

/** Completions that are held at a time. */
const CHUNK = 128;

/**
 * The completions of a folder that were made, each with its prompt and its judgements, in order.
 * @yields the completions of each prompt that has any
 */
export async function* completionsByPrompt(
  deps: ActivityDeps,
  { folder, completions, judgements, positions }: CompletionSet,
): AsyncIterable<readonly EvaluatedCompletion[]> {
  const prompts = await deps.files.prompts(`${folder}/prompts.jsonl`);
  const atOnce = Math.max(1, Math.floor(CHUNK / completions));
  for (let start = 0; start < prompts.length; start += atOnce) {
    const places = prompts
      .slice(start, start + atOnce)
      .flatMap((prompt) => Array.from({ length: completions }, (_, index) => ({ prompt, index })));
    const rows = await lookUpAll(places, async ({ prompt, index }): Promise<EvaluatedCompletion | undefined> => {
      const completion = await findJson(deps.store, completionKey(folder, prompt.id, index), Completion);
      if (!completion) return undefined;
      const find = (name: JudgementName) =>
        findJson(deps.store, judgementKey(folder, prompt.id, index, name), Judgement);
      const found = await Promise.all(Array.from({ length: judgements }, (_, judgement) => find(judgement)));
      return {
        prompt,
        completion,
        judgements: found.filter((judgement) => judgement !== undefined),
        ...(positions ? { positions: await find(POSITIONS) } : {}),
      };
    });
    for (let at = 0; at < rows.length; at += completions) {
      const made = rows.slice(at, at + completions).filter((row) => row !== undefined);
      if (made.length > 0) yield made;
    }
  }
}
