import type { RunConfig } from '../configs/schema.ts';
import { fingerprint, sha256Hex } from '../domain/fingerprint.ts';
import { evaluationFolder, preferencesFolder } from '../domain/keys.ts';
import type { CompletionPrompt } from '../domain/schemas/completion.ts';
import { BenchmarkRow } from '../domain/schemas/instruction.ts';
import type { ModelReference } from '../domain/schemas/run.ts';
import type { ActivityDeps } from './deps.ts';
import { failure } from './failures.ts';
import { whileBeating } from './heartbeat.ts';
import { CorruptObjectError, jsonLinesBytes, parseJsonLines } from './io/store/json.ts';
import { judgingSettings } from './judge-settings.ts';
import { preferencePrompts } from './preference-prompts.ts';
import type { RunReference } from './run-files.ts';

export interface ListPromptsInput extends RunReference {
  readonly purpose: 'preferences' | 'evaluation';
  readonly model: ModelReference;
  /** For preferences: where the selected instructions are, and the dataset whose train split the prompts are taken from. */
  /** The scheduled time from which answers must be fresh; stored ones count where it is absent. */
  readonly fresh?: Fresh;
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
}

/** Writes the prompts of preference pairs or of an evaluation. Fails with Benchmark.Invalid or Preferences.Empty. */
export function listPrompts(deps: ActivityDeps, input: ListPromptsInput): Promise<PromptFolder> {
  return whileBeating(() => writePrompts(deps, input));
}

async function writePrompts(deps: ActivityDeps, input: ListPromptsInput): Promise<PromptFolder> {
  const config = await deps.files.config(input);
  const forPairs = input.purpose === 'preferences';
  const prompts = forPairs
    ? await preferencePrompts(deps, input, input.data!)
    : await benchmarkPrompts(deps, config.evaluation);
  const { completions, judgements, positionWords } = config.evaluation;
  const asked = forPairs
    ? { completions: config.preferences.completions, judgements: 1, positions: false }
    : { completions, judgements, positions: positionWords !== undefined };
  const hash = fingerprint({
    prompts,
    model: input.model.identity,
    sampling: forPairs ? config.preferences.sampling : config.evaluation.sampling,
    ...asked,
    fresh: input.fresh ?? null,
    stripThinking: config.endpoints.served.dialect.stripThinking,
    judge: {
      ...judgingSettings(config),
      ...(forPairs ? {} : { positionWords: positionWords ?? null }),
    },
  }).slice(0, 8);
  const folder = forPairs ? preferencesFolder(input.run, hash) : evaluationFolder(input.run, input.model.name, hash);
  await deps.store.putView(`${folder}/prompts.jsonl`, jsonLinesBytes(prompts));
  return { folder, prompts: prompts.length, ...asked };
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
