import type { RunConfig } from '../configs/schema.ts';
import { configKey } from '../domain/keys.ts';
import { fingerprint, fingerprint8, sha256Hex } from '../domain/fingerprint.ts';
import {
  CONVERSATION_FIRST_PROMPT,
  CONVERSATION_NEXT_PROMPT,
  CONVERSATION_RESUMED_PROMPT,
  PLAN_SCHEMA_PROMPT,
  PLAN_TEXT_PROMPT,
  SECTION_PROMPT,
  SELECTION_PROMPT,
  SUMMARY_PROMPT,
} from '../domain/prompts.ts';
import { CompletionPrompt } from '../domain/schemas/completion.ts';
import { Instruction } from '../domain/schemas/instruction.ts';
import type { Sample } from '../domain/schemas/sample.ts';
import { failure } from './failures.ts';
import { readJsonLines, readText } from './io/store/json.ts';
import { StoreError, type Store } from './io/store/store.ts';

/** A run and the revision of its configuration: what every activity's input begins with. */
export interface RunReference {
  readonly run: string;
  readonly revision: number;
}

/** Reads what is frozen about a run; immutable, so each process reads it once. */
export interface RunFiles {
  config(reference: RunReference): Promise<RunConfig>;
  /** The selected instructions at a store path, by id. */
  instructions(key: string): Promise<ReadonlyMap<string, Instruction>>;
  /** The prompts of a folder of completions; the folder's name holds what they are. */
  prompts(key: string): Promise<readonly CompletionPrompt[]>;
  /** A text that never changes, such as an uploaded prompt. */
  text(key: string): Promise<string>;
}

/** Makes the reader; `parse` turns stored data into a configuration, or throws. */
export function makeRunFiles(store: Store, parse: (data: unknown, source: string) => RunConfig): RunFiles {
  const configs = remember(64, async (key: string) => {
    const text = await readText(store, key);
    try {
      return parse(JSON.parse(text), key);
    } catch (error) {
      throw failure('Config.Invalid', error instanceof Error ? error.message : String(error));
    }
  });
  const instructions = remember(2, async (key: string) => {
    const rows = await readJsonLines(store, key, Instruction);
    return new Map(rows.map((row) => [row.id, row]));
  });
  const prompts = remember(4, (key: string) => readJsonLines(store, key, CompletionPrompt));
  const texts = remember(8, (key: string) => readText(store, key));
  return { config: ({ run, revision }) => configs(configKey(run, revision)), instructions, prompts, text: texts };
}

/** One selected instruction of a run. */
export async function readInstruction(files: RunFiles, key: string, id: string): Promise<Instruction> {
  const found = (await files.instructions(key)).get(id);
  if (!found) throw new StoreError('Missing', `instruction ${id} is not in ${key}`);
  return found;
}

/**
 * What decides a run's samples, as a fingerprint of what decides their texts, and one of the filter: a view made under other
 * settings is stale. Limits, URLs and keys of the endpoint are not part of it.
 */
export function sampleSettings(config: RunConfig): string {
  const { plan, section, maxDraws, explainDraws } = config.generation;
  const text = fingerprint({
    plan,
    section,
    maxDraws,
    ...(explainDraws ? {} : { explainDraws }),
    prompts: promptHashes(config),
    ...(section.overflow === 'summarize' ? { summary: config.prompts.summary ?? sha256Hex(SUMMARY_PROMPT) } : {}),
    writer: modelIdentity(config, 'writer'),
    stripThinking: config.endpoints.writer.dialect.stripThinking,
  });
  return `${text}.${fingerprint8(config.filter)}`;
}

/** Whether a view was made under these settings; an imported text depends on none, and its filters are run anew anyway. */
export function isCurrent(view: Sample, settings: string): boolean {
  return view.origin === 'imported' || view.settings === settings;
}

/** Whether a view's text was made under these settings, whatever the filter was. */
export function hasCurrentText(view: Sample, settings: string): boolean {
  return view.origin === 'imported' || view.settings.split('.')[0] === settings.split('.')[0];
}

/** What decides a model's verdict on an instruction, as a fingerprint; undefined where no model is asked. */
export function selectionSettings(config: RunConfig): string | undefined {
  const { model } = config.instructions;
  if (!model) return undefined;
  return fingerprint8({
    ...model,
    prompt: config.prompts.selection ?? sha256Hex(SELECTION_PROMPT),
    identity: modelIdentity(config, model.endpoint),
    stripThinking: config.endpoints[model.endpoint].dialect.stripThinking,
  });
}

/** What the prompts of plan and sections are: the store path of a user's own, which is its hash, or the hash of ours. */
export function promptHashes(config: RunConfig): { readonly plan: string; readonly section: string } {
  const { plan, section } = config.generation;
  return {
    plan: config.prompts.plan ?? sha256Hex(plan.mode === 'schema' ? PLAN_SCHEMA_PROMPT : PLAN_TEXT_PROMPT),
    section:
      config.prompts.section ??
      sha256Hex(
        section.context === 'single-prompt'
          ? SECTION_PROMPT
          : CONVERSATION_FIRST_PROMPT + CONVERSATION_NEXT_PROMPT + CONVERSATION_RESUMED_PROMPT,
      ),
  };
}

/** Who answers at a named endpoint, as fingerprints know it. */
export function modelIdentity(config: RunConfig, endpoint: 'writer' | 'judge'): string {
  const { provider, model } = config.endpoints[endpoint];
  return `${provider}/${model}`;
}

/** Remembers the last results of a load, by key; a failed one is tried again. */
function remember<T>(most: number, load: (key: string) => Promise<T>): (key: string) => Promise<T> {
  const known = new Map<string, Promise<T>>();
  return (key) => {
    const found = known.get(key);
    if (found) return found;
    const loading = load(key);
    known.set(key, loading);
    loading.catch(() => known.delete(key));
    if (known.size > most) known.delete(known.keys().next().value!);
    return loading;
  };
}
