import type { RunConfig } from '../configs/schema.ts';
import { addSpendings } from '../domain/cost.ts';
import { completionKey, judgementKey } from '../domain/keys.ts';
import { countWords } from '../domain/length.ts';
import { POSITIONS } from '../domain/names.ts';
import { meanScores, qualityScore, type UnscoredReason } from '../domain/rubric.ts';
import {
  Completion,
  type JudgedPart,
  type Judgement,
  type JudgementName,
  type MeanRubricScores,
} from '../domain/schemas/completion.ts';
import { windowsOf, windowsWithin, wordsToRead } from '../domain/windows.ts';
import type { ActivityDeps } from './deps.ts';
import { jsonBytes, readJson } from './io/store/json.ts';
import { judgeTemplate } from './judge-settings.ts';
import { halvingsOf, judgeWindows, type JudgedWindow } from './judge-window.ts';
import { readPrompt, seriesOf, type CompletionReference } from './sample-completion.ts';
import { spendingOf } from './spending.ts';

export interface JudgeCompletionInput extends CompletionReference {
  readonly judgement: JudgementName;
  /** The scheduled time from which the answers must be fresh. */
  readonly fresh?: string;
}

/**
 * Has the judge score a completion by the six dimensions of the rubric: as a whole, or in windows where it is longer than
 * the judge reads at once, or in short ones for quality along the text. Runs twice, costs once.
 */
export async function judgeCompletion(deps: ActivityDeps, input: JudgeCompletionInput): Promise<Judgement> {
  const config = await deps.files.config(input);
  const { text } = await readJson(deps.store, completionKey(input.folder, input.prompt, input.completion), Completion);
  const judging = {
    run: { run: input.run, revision: input.revision },
    config,
    template: await judgeTemplate(deps.files, config),
    instruction: (await readPrompt(deps, input)).prompt,
    of: wordsToRead(text),
    series: seriesOf('judgement', Number(input.judgement) || 0, input.fresh),
    halvings: halvingsOf(input.judgement === POSITIONS),
  };
  const windows = await judgeWindows(deps, judging, judgedWindows(config, input.judgement, text));
  const calls = windows.flatMap((window) => window.calls);
  const parts = partsOf(windows, input.judgement === POSITIONS ? config.evaluation.positionWords : undefined);
  const outcome = wholeOf(parts);
  const judgement: Judgement = {
    prompt: input.prompt,
    completion: input.completion,
    judgement: input.judgement,
    calls: calls.map(({ fingerprint }) => fingerprint),
    parts,
    ...outcome,
    spending: addSpendings(...calls.map((call) => spendingOf(config, input.run, call))),
  };
  const key = judgementKey(input.folder, input.prompt, input.completion, input.judgement);
  await deps.store.putView(key, jsonBytes(judgement));
  return judgement;
}

/** The windows in which a text is judged; none of an empty one. */
export function judgedWindows(config: RunConfig, judgement: JudgementName, text: string): string[] {
  if (text.trim() === '') return [];
  const { positionWords } = config.evaluation;
  return judgement === POSITIONS && positionWords !== undefined
    ? windowsOf(text, positionWords)
    : windowsWithin(text, config.judge.windowWords);
}

/** What was read and said; windows of so many words each are told by where they should begin, so that texts line up. */
function partsOf(windows: readonly JudgedWindow[], positionWords: number | undefined): JudgedPart[] {
  let from = 0;
  return windows.map(({ text, result }, index) => {
    const words = countWords(text);
    const part = { from: positionWords === undefined ? from : index * positionWords, words };
    from += words;
    return { ...part, ...(result.ok ? { scores: result.scores } : { unscored: result.reason }) };
  });
}

/** Means over the parts by their words; one part that has no scores leaves the whole without. */
function wholeOf(
  parts: readonly JudgedPart[],
): { readonly scores: MeanRubricScores; readonly qualityScore: number } | { readonly unscored: string } {
  if (parts.length === 0) return { unscored: 'empty completion' satisfies UnscoredReason };
  const unscored = parts.find((part) => part.unscored !== undefined)?.unscored;
  if (unscored !== undefined) return { unscored };
  // A script whose words the benchmark does not count has weight all the same.
  const scores = meanScores(
    parts.flatMap((part) => (part.scores ? { scores: part.scores, weight: Math.max(1, part.words) } : [])),
  );
  return { scores, qualityScore: qualityScore(scores) };
}
