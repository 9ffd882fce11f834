import type { RunConfig } from '../configs/schema.ts';
import { fingerprint, sha256Hex } from '../domain/fingerprint.ts';
import { evaluationFolder, preferencesFolder } from '../domain/keys.ts';
import { pairJudgements } from '../domain/preference.ts';
import type { CompletionPrompt } from '../domain/schemas/completion.ts';
import { BenchmarkRow } from '../domain/schemas/instruction.ts';
import type { ModelReference } from '../domain/schemas/run.ts';
import type { ActivityDeps } from './deps.ts';
import { askedSettings } from './evaluated-endpoint.ts';
import { failure } from './failures.ts';
import { whileBeating } from './heartbeat.ts';
import { CorruptObjectError, jsonLinesBytes, parseJsonLines } from './io/store/json.ts';
import { judgingSettings } from './judge-settings.ts';
import { eachPrediction } from './predictions.ts';
import { preferencePrompts } from './preference-prompts.ts';
import type { RunReference } from './run-files.ts';

export interface ListPromptsInput extends RunReference {
  readonly purpose: 'preferences' | 'evaluation';
  readonly model: ModelReference;
  /** The scheduled time from which answers must be fresh; stored ones count where it is absent. */
  readonly fresh?: Fresh;
  /** For preferences: where the selected instructions are, and the dataset whose train split the prompts are taken from. */
  readonly data?: { readonly instructions: string; readonly dataset: string };
}

/** What is asked anew at a firing of a schedule, by the time at which it was due. */
export interface Fresh {
  readonly completions?: string;
  readonly judgements?: string;
}

/** A folder of prompts to be completed; its name holds everything that decides the completions and judgements. */
export interface PromptFolder {
  readonly folder: string;
  readonly prompts: number;
  /** Completions of each prompt. */
  readonly completions: number;
  /** Judgements of each completion. */
  readonly judgements: number;
  /** Whether each completion is judged by windows, too. */
  readonly positions: boolean;
  /** Completions that there are, where they were imported, and whether with scores; a prompt may have fewer than the most. */
  readonly imported?: { readonly completions: number; readonly judged: boolean };
}

/** Writes the prompts of preference pairs or of an evaluation. Fails with Benchmark.Invalid or Preferences.Empty. */
export function listPrompts(deps: ActivityDeps, input: ListPromptsInput): Promise<PromptFolder> {
  return whileBeating(() => writePrompts(deps, input));
}

async function writePrompts(deps: ActivityDeps, input: ListPromptsInput): Promise<PromptFolder> {
  const config = await deps.files.config(input);
  const forPairs = input.purpose === 'preferences';
  const { prompts, ...asked } = forPairs
    ? {
        prompts: await preferencePrompts(deps, input, input.data!),
        ...{ completions: config.preferences.completions, positions: false },
        judgements: pairJudgements(config.preferences.lengthWeight),
      }
    : await evaluationPrompts(deps, config.evaluation, input.model);
  const { positionWords } = config.evaluation;
  const hash = fingerprint({
    prompts,
    model: input.model.identity,
    sampling: forPairs ? config.preferences.sampling : config.evaluation.sampling,
    ...asked,
    fresh: input.fresh ?? null,
    stripThinking: askedSettings(config, input.model.identity).dialect.stripThinking,
    judge:
      asked.judgements > 0
        ? { ...judgingSettings(config), ...(forPairs ? {} : { positionWords: positionWords ?? null }) }
        : null,
  }).slice(0, 8);
  const folder = forPairs ? preferencesFolder(input.run, hash) : evaluationFolder(input.run, input.model.name, hash);
  await deps.store.putView(`${folder}/prompts.jsonl`, jsonLinesBytes(prompts));
  return { folder, prompts: prompts.length, ...asked };
}

/** The prompts of an evaluation, and what is made of each: those of the benchmark, or of answers that are there already. */
async function evaluationPrompts(
  deps: ActivityDeps,
  evaluation: RunConfig['evaluation'],
  { location }: ModelReference,
): Promise<Omit<PromptFolder, 'folder' | 'prompts'> & { readonly prompts: readonly CompletionPrompt[] }> {
  const { completions, judgements, limit, positionWords } = evaluation;
  const positions = positionWords !== undefined;
  if (location.kind !== 'predictions')
    return { prompts: await benchmarkPrompts(deps, evaluation), completions, judgements, positions };
  const found = await eachPrediction(deps, { key: location.key, limit });
  const imported = { completions: found.answers, judged: found.judged };
  const { prompts } = found;
  // Scores that are there already are one judgement, and nobody is asked for more.
  const asked = found.judged ? { judgements: 1, positions: false } : { judgements, positions };
  return { prompts, completions: found.completions, ...asked, imported };
}

async function benchmarkPrompts(
  deps: ActivityDeps,
  { benchmark: key, limit }: RunConfig['evaluation'],
): Promise<CompletionPrompt[]> {
  try {
    const rows = parseJsonLines(key, await deps.files.text(key), BenchmarkRow);
    if (rows.length === 0) throw new CorruptObjectError(`${key}: no prompts`);
    if (new Set(rows.map(({ prompt }) => prompt)).size < rows.length)
      throw new CorruptObjectError(`${key}: a prompt stands twice`);
    return rows
      .slice(0, limit)
      .map(({ prompt, length, type }) => ({ id: sha256Hex(prompt).slice(0, 16), prompt, length, type }));
  } catch (error) {
    if (error instanceof CorruptObjectError) throw failure('Benchmark.Invalid', error.message);
    throw error;
  }
}
