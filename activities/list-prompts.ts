import type { RunConfig } from '../configs/schema.ts';
import { fingerprint, sha256Hex } from '../domain/fingerprint.ts';
import { evaluationFolder, preferencesFolder } from '../domain/keys.ts';
import { JUDGE_PROMPT, taskOf } from '../domain/prompts.ts';
import type { CompletionPrompt } from '../domain/schemas/completion.ts';
import { DatasetSample } from '../domain/schemas/dataset.ts';
import { BenchmarkRow } from '../domain/schemas/instruction.ts';
import type { ModelReference } from '../domain/schemas/run.ts';
import type { ActivityDeps } from './deps.ts';
import { failure } from './failures.ts';
import { whileBeating } from './heartbeat.ts';
import { CorruptObjectError, jsonLinesBytes, parseJsonLines, readJsonLines } from './io/store/json.ts';
import { modelIdentity, type RunReference } from './run-files.ts';

export interface ListPromptsInput extends RunReference {
  readonly purpose: 'preferences' | 'evaluation';
  readonly model: ModelReference;
  /** For preferences: where the selected instructions are, and the dataset whose train split the prompts are taken from. */
  readonly data?: { readonly instructions: string; readonly dataset: string };
}

/** A folder of prompts to be completed; its name holds everything that decides the completions and judgements. */
export interface PromptFolder {
  readonly folder: string;
  readonly prompts: number;
  readonly completions: number;
}

/** Writes the prompts of preference pairs or of an evaluation. Fails with Benchmark.Invalid or Preferences.Empty. */
export function listPrompts(deps: ActivityDeps, input: ListPromptsInput): Promise<PromptFolder> {
  return whileBeating(() => writePrompts(deps, input));
}

async function writePrompts(deps: ActivityDeps, input: ListPromptsInput): Promise<PromptFolder> {
  const config = await deps.files.config(input);
  const forPairs = input.purpose === 'preferences';
  const prompts = forPairs ? await preferencePrompts(deps, input) : await benchmarkPrompts(deps, config.evaluation);
  const hash = fingerprint({
    prompts,
    model: input.model.identity,
    sampling: forPairs ? config.preferences.sampling : config.evaluation.sampling,
    completions: forPairs ? config.preferences.completions : 1,
    stripThinking: [config.endpoints.served.dialect.stripThinking, config.endpoints.judge.dialect.stripThinking],
    judge: {
      ...config.judge,
      model: modelIdentity(config, 'judge'),
      prompt: config.prompts.judge ?? sha256Hex(JUDGE_PROMPT),
    },
  }).slice(0, 8);
  const folder = forPairs ? preferencesFolder(input.run, hash) : evaluationFolder(input.run, input.model.name, hash);
  await deps.store.putView(`${folder}/prompts.jsonl`, jsonLinesBytes(prompts));
  return { folder, prompts: prompts.length, completions: forPairs ? config.preferences.completions : 1 };
}

async function preferencePrompts(deps: ActivityDeps, input: ListPromptsInput): Promise<CompletionPrompt[]> {
  const config = await deps.files.config(input);
  const { instructions, dataset } = input.data!;
  const samples = await readJsonLines(deps.store, `${dataset}/samples.jsonl`, DatasetSample);
  const known = await deps.files.instructions(instructions);
  const prompts = samples
    .filter(({ split, required }) => split === 'train' && required !== null)
    .slice(0, config.preferences.prompts)
    .map(({ sample, required }): CompletionPrompt => {
      const instruction = known.get(sample);
      if (!instruction)
        throw failure('Store.Conflict', `${dataset} has sample ${sample}, which ${instructions} has not`);
      return { id: sample, prompt: taskOf(instruction), length: required!, type: instruction.type ?? '' };
    });
  if (prompts.length === 0) throw failure('Preferences.Empty', 'no kept sample states a required length');
  return prompts;
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
