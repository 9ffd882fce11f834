import { countBy } from '../domain/count-by.ts';
import type { EvaluatedCompletion } from '../domain/evaluation.ts';
import { fingerprint } from '../domain/fingerprint.ts';
import { choosePair, pairScore } from '../domain/preference.ts';
import { PreferenceRow } from '../domain/schemas/dataset.ts';
import type { ActivityDeps } from './deps.ts';
import { readCompletionSet } from './completion-set.ts';
import { failure } from './failures.ts';
import { whileBeating } from './heartbeat.ts';
import { writeFolder } from './folder.ts';
import { jsonLinesBytes, parseJsonLines } from './io/store/json.ts';
import type { PromptFolder } from './list-prompts.ts';
import type { RunReference } from './run-files.ts';

export interface BuildPreferencePairsInput extends RunReference, PromptFolder {}

/** Preference pairs, by their folder, with counts that add up: pairs + dropped = prompts. */
export interface PreferencePairs {
  readonly folder: string;
  readonly prompts: number;
  readonly pairs: number;
  readonly general: number;
  readonly dropped: Readonly<Record<string, number>>;
}

/** Pairs the best completion of each prompt with a random other one. Fails with Preferences.Empty. */
export function buildPreferencePairs(deps: ActivityDeps, input: BuildPreferencePairsInput): Promise<PreferencePairs> {
  return whileBeating(() => writePairs(deps, input));
}

async function writePairs(deps: ActivityDeps, input: BuildPreferencePairsInput): Promise<PreferencePairs> {
  const config = await deps.files.config(input);
  const { lengthWeight, minSpread } = config.preferences;
  const rows = await readCompletionSet(deps, input.folder, input.completions);
  const byPrompt = new Map<string, EvaluatedCompletion[]>();
  for (const row of rows) byPrompt.set(row.prompt.id, [...(byPrompt.get(row.prompt.id) ?? []), row]);
  const pairs: PreferenceRow[] = [];
  const dropped: string[] = [];
  const scores: object[] = [];
  for (const [prompt, completions] of byPrompt) {
    const scored = completions.map(({ completion, judgement }) => ({
      ...completion,
      qualityScore: judgement?.qualityScore,
    }));
    const pair = choosePair(scored, { seed: config.seed, prompt, lengthWeight, minSpread });
    for (const { completion, words, lengthScore, qualityScore } of scored) {
      const score = qualityScore === undefined ? null : pairScore(lengthScore, qualityScore, lengthWeight);
      scores.push({ prompt, completion, words, lengthScore, qualityScore: qualityScore ?? null, score });
    }
    if (pair.ok) pairs.push(preferenceRow(completions[0]!.prompt.prompt, pair.chosen.text, pair.rejected.text));
    else dropped.push(pair.reason);
  }
  for (let missing = byPrompt.size; missing < input.prompts; missing++) dropped.push('failed');
  if (pairs.length === 0) {
    throw failure(
      'Preferences.Empty',
      `none of ${input.prompts} prompts gave a pair (${JSON.stringify(countBy(dropped))})`,
    );
  }
  const key = config.preferences.general;
  const general = key === undefined ? [] : parseJsonLines(key, await deps.files.text(key), PreferenceRow);
  const all = [...pairs, ...general];
  const counts = { prompts: input.prompts, pairs: pairs.length, dropped: dropped.length, general: general.length };
  await writeFolder(
    deps.store,
    input.folder,
    fingerprint(all),
    [
      { path: 'pairs.jsonl', bytes: jsonLinesBytes(all), rows: all.length },
      { path: 'scores.jsonl', bytes: jsonLinesBytes(scores) },
    ],
    counts,
  );
  return { folder: input.folder, ...counts, dropped: countBy(dropped) };
}

function preferenceRow(prompt: string, chosen: string, rejected: string): PreferenceRow {
  return {
    prompt: [{ role: 'user', content: prompt }],
    chosen: [{ role: 'assistant', content: chosen }],
    rejected: [{ role: 'assistant', content: rejected }],
  };
}
