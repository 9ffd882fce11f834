import { NO_SPENDING } from '../domain/cost.ts';
import { completionKey, judgementKey } from '../domain/keys.ts';
import { countWords, lengthScore } from '../domain/length.ts';
import { qualityScore } from '../domain/rubric.ts';
import type { Completion, Judgement } from '../domain/schemas/completion.ts';
import type { ActivityDeps } from './deps.ts';
import { whileBeating } from './heartbeat.ts';
import { jsonBytes } from './io/store/json.ts';
import { eachPrediction, type NumberedPrediction } from './predictions.ts';
import type { RunReference } from './run-files.ts';
import { measureCompletion } from './sample-completion.ts';

export interface ImportCompletionsInput extends RunReference {
  /** The folder whose prompts these are. */
  readonly folder: string;
  /** Store path of the answers. */
  readonly key: string;
  /** Whether the answers have scores, so that nobody is asked; one without is unscored then. */
  readonly judged: boolean;
}

/**
 * Takes answers that are there already as the completions of a folder, and their scores as its judgements. Runs twice,
 * writes the same. Fails with Predictions.Invalid, which names the line.
 */
export function importCompletions(deps: ActivityDeps, input: ImportCompletionsInput): Promise<void> {
  return whileBeating(async (signal) => {
    const { limit } = (await deps.files.config(input)).evaluation;
    await eachPrediction(deps, { key: input.key, limit }, async (answer) => {
      signal.throwIfAborted();
      await writeViews(deps, input, answer);
    });
  });
}

/** The view of an answer that was there already. */
export async function importedCompletion({
  id: prompt,
  completion,
  length,
  response: text,
}: NumberedPrediction): Promise<Completion> {
  const words = countWords(text);
  return {
    ...{ prompt, completion, text, words },
    finishReason: 'imported',
    lengthScore: lengthScore(length, words),
    ...(await measureCompletion(text, words)),
    spending: NO_SPENDING,
  };
}

async function writeViews(
  deps: ActivityDeps,
  { folder, judged }: ImportCompletionsInput,
  answer: NumberedPrediction,
): Promise<void> {
  const { id: prompt, completion, scores } = answer;
  await deps.store.putView(completionKey(folder, prompt, completion), jsonBytes(await importedCompletion(answer)));
  if (!judged) return;
  const judgement: Judgement = {
    ...{ prompt, completion, judgement: 0, calls: [], parts: [] },
    ...(scores ? { scores, qualityScore: qualityScore(scores) } : { unscored: 'no scores' }),
    spending: NO_SPENDING,
  };
  await deps.store.putView(judgementKey(folder, prompt, completion, 0), jsonBytes(judgement));
}
