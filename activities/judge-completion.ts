import { judgementKey, completionKey } from '../domain/keys.ts';
import { countWords } from '../domain/length.ts';
import { JUDGE_PROMPT, renderPrompt } from '../domain/prompts.ts';
import { stripThinking } from '../domain/response.ts';
import { judgementSchema, parseJudgement, qualityScore } from '../domain/rubric.ts';
import { addSpendings, NO_SPENDING } from '../domain/cost.ts';
import type { Spending } from '../domain/schemas/call.ts';
import { Completion, type Judgement } from '../domain/schemas/completion.ts';
import type { KnownCall } from './calls.ts';
import type { ActivityDeps } from './deps.ts';
import { jsonBytes, readJson } from './io/store/json.ts';
import { modelCall } from './model-call.ts';
import { modelIdentity } from './run-files.ts';
import { readPrompt, type CompletionReference } from './sample-completion.ts';
import { callParameters } from './sampling.ts';
import { spendingOf } from './spending.ts';

export interface JudgeCompletionInput extends CompletionReference {
  readonly draw: number;
  /** Calls of earlier draws that could not be read. */
  readonly earlier: readonly string[];
  /** Whether this is the last draw: one that cannot be read leaves the completion unscored. */
  readonly last: boolean;
}

/** A judgement that is stored, or why the judge is asked again. */
export type JudgeOutcome =
  | { readonly ok: true; readonly scored: boolean; readonly spending: Spending }
  | { readonly ok: false; readonly reason: string; readonly call: string; readonly spending: Spending };

/** Asks the judge about one completion by the six dimensions of the rubric. */
export async function judgeCompletion(deps: ActivityDeps, input: JudgeCompletionInput): Promise<JudgeOutcome> {
  const config = await deps.files.config(input);
  const completion = await readJson(
    deps.store,
    completionKey(input.folder, input.prompt, input.completion),
    Completion,
  );
  const earlier = await Promise.all(input.earlier.map((call) => deps.calls.read(call)));
  const store = async (
    view: Pick<Judgement, 'judgedWords' | 'scores' | 'unscored' | 'qualityScore'>,
    last?: KnownCall,
  ): Promise<JudgeOutcome> => {
    const all = last ? [...earlier, last] : earlier;
    const judgement: Judgement = {
      prompt: input.prompt,
      completion: input.completion,
      calls: all.map((call) => call.fingerprint),
      ...view,
      spending: addSpendings(...all.map((call) => spendingOf(config, input.run, call))),
    };
    const key = judgementKey(input.folder, input.prompt, input.completion);
    await deps.store.putView(key, jsonBytes(judgement));
    const spending = last ? spendingOf(config, input.run, last) : NO_SPENDING;
    return { ok: true, scored: view.scores !== undefined, spending };
  };
  if (completion.text.trim() === '') return store({ judgedWords: 0, unscored: 'the completion is empty' });

  const { prompt: instruction } = await readPrompt(deps, input);
  const response = firstWords(completion.text, config.judge.maxWords);
  const judgedWords = countWords(response);
  const template = config.prompts.judge === undefined ? JUDGE_PROMPT : await deps.files.text(config.prompts.judge);
  const call = await modelCall(deps, input, 'judge', {
    model: modelIdentity(config, 'judge'),
    messages: [{ role: 'user', content: renderPrompt(template, { instruction, response }) }],
    parameters: callParameters(config.judge.sampling, config.judge.mode === 'schema' ? judgementSchema() : undefined),
    draw: input.draw,
  });
  const text = config.endpoints.judge.dialect.stripThinking ? stripThinking(call.answer.text) : call.answer.text;
  const result = parseJudgement(text);
  if (result.ok) return store({ judgedWords, scores: result.scores, qualityScore: qualityScore(result.scores) }, call);
  if (input.last) return store({ judgedWords, unscored: result.reason }, call);
  const spending = spendingOf(config, input.run, call);
  return { ok: false, reason: result.reason, call: call.fingerprint, spending };
}

/** The start of a text, up to about so many words or Chinese characters, with its spacing as it is. */
function firstWords(text: string, words: number): string {
  if (countWords(text) <= words) return text;
  let counted = 0;
  for (const match of text.matchAll(/[\u4e00-\u9fff]|[^\s\u4e00-\u9fff]+/gu)) {
    counted += countWords(match[0]);
    if (counted > words) return text.slice(0, match.index).trimEnd();
  }
  return text;
}
