import type { RunConfig } from '../configs/schema.ts';
import { fingerprint } from '../domain/fingerprint.ts';
import { completionKey } from '../domain/keys.ts';
import { countWords, lengthScore } from '../domain/length.ts';
import { repeatedShare } from '../domain/repetition.ts';
import { stripThinking } from '../domain/response.ts';
import { isRefusal } from '../domain/section-check.ts';
import type { CallRequest, Spending } from '../domain/schemas/call.ts';
import type { Completion, CompletionPrompt } from '../domain/schemas/completion.ts';
import type { KnownCall } from './calls.ts';
import type { ActivityDeps } from './deps.ts';
import { askedSettings } from './evaluated-endpoint.ts';
import { jsonBytes } from './io/store/json.ts';
import { StoreError } from './io/store/store.ts';
import { measureText } from './measure-text.ts';
import { modelCall } from './model-call.ts';
import type { RunReference } from './run-files.ts';
import { callParameters } from './sampling.ts';
import { spendingOf } from './spending.ts';

/** One completion of one prompt of a folder. */
export interface CompletionReference extends RunReference {
  readonly purpose: 'preferences' | 'evaluation';
  readonly folder: string;
  readonly prompt: string;
  readonly completion: number;
}

export interface SampleCompletionInput extends CompletionReference {
  /** Identity of the model that is asked. */
  readonly model: string;
  /** The scheduled time from which the answer must be fresh. */
  readonly fresh?: string;
}

/** Asks a model, served or behind an endpoint, for one completion. What it answers is kept as it is: an empty answer is an answer of no words. */
export async function sampleCompletion(
  deps: ActivityDeps,
  input: SampleCompletionInput,
): Promise<{ words: number; spending: Spending }> {
  const config = await deps.files.config(input);
  const prompt = await readPrompt(deps, input);
  const call = await modelCall(deps, input, 'served', requestOf(config, prompt, input));
  return putCompletion(deps, input, { config, prompt, call });
}

/** Makes the view of a completion whose answer is stored, without a model; tells whether it is. */
export async function restoreCompletion(deps: ActivityDeps, input: SampleCompletionInput): Promise<boolean> {
  const config = await deps.files.config(input);
  const prompt = await readPrompt(deps, input);
  const call = await deps.calls.find(fingerprint(requestOf(config, prompt, input)));
  if (!call) return false;
  await putCompletion(deps, input, { config, prompt, call: { ...call, fresh: false } });
  return true;
}

function requestOf(config: RunConfig, { prompt }: CompletionPrompt, input: SampleCompletionInput): CallRequest {
  const { sampling } = input.purpose === 'preferences' ? config.preferences : config.evaluation;
  return {
    model: input.model,
    messages: [{ role: 'user', content: prompt }],
    parameters: callParameters(sampling),
    draw: 0,
    ...seriesOf('completion', input.completion, input.fresh),
  };
}

async function putCompletion(
  deps: ActivityDeps,
  input: SampleCompletionInput,
  made: {
    readonly config: RunConfig;
    readonly prompt: CompletionPrompt;
    readonly call: KnownCall & { readonly fresh: boolean };
  },
): Promise<{ words: number; spending: Spending }> {
  const { config, prompt, call } = made;
  const strips = askedSettings(config, input.model).dialect.stripThinking;
  const text = strips ? stripThinking(call.answer.text) : call.answer.text;
  const words = countWords(text);
  const view: Completion = {
    prompt: input.prompt,
    completion: input.completion,
    call: call.fingerprint,
    text,
    words,
    finishReason: call.answer.finishReason,
    lengthScore: lengthScore(prompt.length, words),
    ...(await measureCompletion(text, words)),
    spending: spendingOf(config, input.run, call),
  };
  await deps.store.putView(completionKey(input.folder, input.prompt, input.completion), jsonBytes(view));
  return { words, spending: view.spending };
}

/** What tells one wanted repetition of a question from another; the first, from any time, needs nothing. */
export function seriesOf(name: string, index: number, fresh: string | undefined): { readonly series?: string } {
  const parts = [...(index === 0 ? [] : [`${name}-${index}`]), ...(fresh === undefined ? [] : [fresh])];
  return parts.length === 0 ? {} : { series: parts.join('@') };
}

/** How a completion repeats itself, and whether it refuses. */
export async function measureCompletion(
  text: string,
  words: number,
): Promise<Pick<Completion, 'measures' | 'refusal'>> {
  const { compressionRatio } = await measureText(text);
  return {
    measures: {
      distinct: 1 - repeatedShare(text, DISTINCT_TOKENS),
      compressionRatio: text === '' ? 0 : compressionRatio,
    },
    refusal: isRefusal(text, words),
  };
}

/** Tokens of the n-grams that distinct-n counts. */
const DISTINCT_TOKENS = 4;

/** The prompt of a completion. */
export async function readPrompt(
  deps: ActivityDeps,
  { folder, prompt }: CompletionReference,
): Promise<CompletionPrompt> {
  const found = (await deps.files.prompts(`${folder}/prompts.jsonl`)).find(({ id }) => id === prompt);
  if (!found) throw new StoreError('Missing', `prompt ${prompt} is not in ${folder}`);
  return found;
}
