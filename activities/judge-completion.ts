import { completionKey, judgementKey } from '../domain/keys.ts';
import { countWords } from '../domain/length.ts';
import { renderJudgePrompt } from '../domain/judge-prompt.ts';
import { JUDGE_PROMPT } from '../domain/prompts.ts';
import { stripThinking } from '../domain/response.ts';
import { judgementSchema, parseJudgement, qualityScore, type RubricResult } from '../domain/rubric.ts';
import { addSpendings } from '../domain/cost.ts';
import type { Spending } from '../domain/schemas/call.ts';
import { Completion, type Judgement, type JudgementName } from '../domain/schemas/completion.ts';
import type { KnownCall } from './calls.ts';
import type { ActivityDeps } from './deps.ts';
import { jsonBytes, readJson } from './io/store/json.ts';
import { modelCall } from './model-call.ts';
import { modelIdentity } from './run-files.ts';
import { readPrompt, seriesOf, type CompletionReference } from './sample-completion.ts';
import { callParameters } from './sampling.ts';
import { spendingOf } from './spending.ts';

export interface JudgeCompletionInput extends CompletionReference {
  readonly judgement: JudgementName;
  /** The scheduled time from which the answers must be fresh. */
  readonly fresh?: string;
}

/** A judgement that is stored: whether it has scores. */
export interface JudgeOutcome {
  readonly scored: boolean;
  readonly spending: Spending;
}

/** Asks the judge about one completion by the six dimensions of the rubric, again until it can be read, `judge.maxDraws` times at most. */
export async function judgeCompletion(deps: ActivityDeps, input: JudgeCompletionInput): Promise<JudgeOutcome> {
  const config = await deps.files.config(input);
  const { text } = await readJson(deps.store, completionKey(input.folder, input.prompt, input.completion), Completion);
  const { prompt: instruction } = await readPrompt(deps, input);
  const template = config.prompts.judge === undefined ? JUDGE_PROMPT : await deps.files.text(config.prompts.judge);
  const calls: KnownCall[] = [];
  let result: RubricResult = { ok: false, reason: 'empty completion' };
  for (let draw = 0; text.trim() !== '' && draw < config.judge.maxDraws && !result.ok; draw++) {
    const call = await modelCall(deps, input, 'judge', {
      model: modelIdentity(config, 'judge'),
      messages: [{ role: 'user', content: renderJudgePrompt(template, { instruction, response: text }) }],
      parameters: callParameters(config.judge.sampling, config.judge.mode === 'schema' ? judgementSchema() : undefined),
      draw,
      ...seriesOf('judgement', Number(input.judgement) || 0, input.fresh),
    });
    calls.push(call);
    const { stripThinking: strips } = config.endpoints.judge.dialect;
    result = parseJudgement(strips ? stripThinking(call.answer.text) : call.answer.text, `${instruction}\n${text}`);
  }
  const outcome = result.ok ? { scores: result.scores } : { unscored: result.reason };
  const spending = addSpendings(...calls.map((call) => spendingOf(config, input.run, call)));
  const judgement: Judgement = {
    prompt: input.prompt,
    completion: input.completion,
    judgement: input.judgement,
    calls: calls.map(({ fingerprint }) => fingerprint),
    parts: calls.length === 0 ? [] : [{ from: 0, words: countWords(text), ...outcome }],
    ...outcome,
    ...(result.ok ? { qualityScore: qualityScore(result.scores) } : {}),
    spending,
  };
  const key = judgementKey(input.folder, input.prompt, input.completion, input.judgement);
  await deps.store.putView(key, jsonBytes(judgement));
  return { scored: result.ok, spending };
}
