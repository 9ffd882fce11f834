import { completionKey } from '../domain/keys.ts';
import { Completion } from '../domain/schemas/completion.ts';
import type { ActivityDeps } from './deps.ts';
import { whileBeating } from './heartbeat.ts';
import { findJson } from './io/store/json.ts';
import { lookUpAll } from './look-ups.ts';
import { restoreCompletion, type SampleCompletionInput } from './sample-completion.ts';

export interface RestoreCompletionsInput extends Omit<SampleCompletionInput, 'prompt' | 'completion'> {
  /** Completions of each prompt. */
  readonly completions: number;
}

/** Writes the views of completions whose answers are stored; tells how many are missing, so that no model is served for none. */
export function restoreCompletions(
  deps: ActivityDeps,
  { completions, ...input }: RestoreCompletionsInput,
): Promise<{ readonly missing: number }> {
  return whileBeating(async () => {
    const prompts = await deps.files.prompts(`${input.folder}/prompts.jsonl`);
    const places = prompts.flatMap(({ id: prompt }) =>
      Array.from({ length: completions }, (_, completion) => ({ prompt, completion })),
    );
    const there = await lookUpAll(places, async ({ prompt, completion }) => {
      const view = await findJson(deps.store, completionKey(input.folder, prompt, completion), Completion);
      return view !== undefined || (await restoreCompletion(deps, { ...input, prompt, completion })) ? true : undefined;
    });
    return { missing: there.filter((one) => one === undefined).length };
  });
}
