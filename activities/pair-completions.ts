import { join } from 'node:path';
import { countBy } from '../domain/count-by.ts';
import { qualityOf, type EvaluatedCompletion } from '../domain/evaluation.ts';
import { choosePair, pairScore, type PairResult, type ScoredCompletion } from '../domain/preference.ts';
import type { PreferenceRow, PreferenceScore } from '../domain/schemas/preference.ts';
import type { ActivityDeps } from './deps.ts';
import { completionsByPrompt } from './completion-set.ts';
import { LineFileWriter } from './io/rows/line-file.ts';
import type { PromptFolder } from './list-prompts.ts';
import type { RunReference } from './run-files.ts';

/** Pairs of a folder of completions, in a local file, a row a line; prompts = pairs + dropped. */
export interface CompletionPairs {
  readonly file: string;
  /** Points between chosen and rejected, of each pair. */
  readonly spreads: readonly number[];
  readonly dropped: Readonly<Record<string, number>>;
}

/**
 * Pairs the best completion of each prompt with another one, prompt after prompt, and writes `own.jsonl` to the scratch
 * folder and `scores.jsonl`, which has every score and what became of it, to the local one.
 */
export async function pairCompletions(
  deps: ActivityDeps,
  input: RunReference & PromptFolder,
  { local, scratch }: { readonly local: string; readonly scratch: string },
  signal: AbortSignal,
): Promise<CompletionPairs> {
  const { seed, preferences } = await deps.files.config(input);
  const file = join(scratch, 'own.jsonl');
  const pairs = new LineFileWriter(file);
  const scores = new LineFileWriter(join(local, 'scores.jsonl'));
  const spreads: number[] = [];
  const dropped: string[] = [];
  let prompts = 0;
  try {
    for await (const completions of completionsByPrompt(deps, input)) {
      signal.throwIfAborted();
      prompts++;
      const { id, prompt } = completions[0]!.prompt;
      const pair = choosePair(completions.map(scoredCompletion), { seed, prompt: id, ...preferences });
      for (const one of completions)
        await scores.write(JSON.stringify(scoreLine(one, pair, preferences.lengthWeight) satisfies PreferenceScore));
      if (!pair.ok) {
        dropped.push(pair.reason);
        continue;
      }
      spreads.push(pair.spread);
      await pairs.write(JSON.stringify(preferenceRow(prompt, pair.chosen.text, pair.rejected.text)));
    }
  } catch (error) {
    pairs.discard();
    scores.discard();
    throw error;
  }
  await pairs.close();
  await scores.close();
  for (; prompts < input.prompts; prompts++) dropped.push('failed');
  return { file, spreads, dropped: countBy(dropped) };
}

function scoredCompletion(one: EvaluatedCompletion): ScoredCompletion {
  const { completion } = one;
  return {
    completion: completion.completion,
    text: completion.text,
    truncated: completion.finishReason === 'length',
    lengthScore: completion.lengthScore,
    qualityScore: qualityOf(one),
  };
}

function scoreLine(evaluated: EvaluatedCompletion, pair: PairResult, lengthWeight: number): PreferenceScore {
  const { prompt } = evaluated;
  const { completion, words, finishReason, lengthScore } = evaluated.completion;
  const qualityScore = qualityOf(evaluated);
  const role = (of: 'chosen' | 'rejected') => pair.ok && pair[of].completion === completion && of;
  return {
    prompt: prompt.id,
    completion,
    words,
    finishReason,
    lengthScore,
    qualityScore: qualityScore ?? null,
    score: pairScore(lengthScore, qualityScore, lengthWeight) ?? null,
    became: role('chosen') || role('rejected') || 'unused',
    dropped: pair.ok ? null : pair.reason,
  };
}

function preferenceRow(prompt: string, chosen: string, rejected: string): PreferenceRow {
  return {
    prompt: [{ role: 'user', content: prompt }],
    chosen: [{ role: 'assistant', content: chosen }],
    rejected: [{ role: 'assistant', content: rejected }],
  };
}
