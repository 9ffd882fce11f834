import { completionKey, judgementKey, retriesKey, sampleKey, selectionVerdictKey } from '../domain/keys.ts';
import { addCounts, countsOf, NO_ITEMS, type ItemCounts, type ItemResult } from '../domain/tally.ts';
import { Completion, Judgement } from '../domain/schemas/completion.ts';
import { SelectionVerdict } from '../domain/schemas/instruction.ts';
import { Retries, type Retry } from '../domain/schemas/run.ts';
import { Sample } from '../domain/schemas/sample.ts';
import { completionBound, judgementBound, promptRoom, sampleBound, selectionBound } from './bounds.ts';
import type { ActivityDeps } from './deps.ts';
import { lookUpAll } from './look-ups.ts';
import { CorruptObjectError, findJson } from './io/store/json.ts';
import { readCandidates } from './read-candidates.ts';
import { judgedResult, judgementNames } from './work-on-completions.ts';
import { isCurrent, sampleSettings, selectionSettings, type RunReference } from './run-files.ts';

/**
 * What a partition is made of: a model's verdicts on a folder of candidates, samples of a selection, or completions or
 * judgements of a folder of prompts.
 */
export type PartitionWork =
  | { readonly kind: 'selections'; readonly folder: string }
  | { readonly kind: 'samples'; readonly instructions: string }
  | {
      readonly kind: 'completions';
      readonly folder: string;
      readonly completions: number;
      readonly fresh?: string;
    }
  | {
      readonly kind: 'judgements';
      readonly folder: string;
      readonly completions: number;
      readonly judgements: number;
      readonly positions: boolean;
      /** Whether there is no completion but those that were imported. */
      readonly imported?: boolean;
      readonly fresh?: string;
    };

export interface FindUnfinishedInput extends RunReference {
  readonly work: PartitionWork;
  readonly purpose?: 'preferences' | 'evaluation';
  /** Identity of the model that is asked, for completions. */
  readonly model?: string;
  readonly offset: number;
  readonly count: number;
}

/** An item without a result. */
export interface UnfinishedItem {
  /** Sample id, `<prompt>-<completion>`, or `<candidate>-<page>`. */
  readonly id: string;
  /** What it may cost at most, where the run has a budget, in its unit. */
  readonly bound?: number;
  /** How often a person opened a rejected sample again. */
  readonly retry?: Retry;
}

/** Items of a partition without a result, and the counts of the others. */
export interface UnfinishedItems {
  readonly items: readonly UnfinishedItem[];
  readonly finished: Pick<ItemCounts, 'kept' | 'rejected' | 'words' | 'spending'>;
}

/** Looks up, without a model call, which items of a partition still lack a result. */
export async function findUnfinished(deps: ActivityDeps, input: FindUnfinishedInput): Promise<UnfinishedItems> {
  const part = await lookUpsOf(deps, input);
  const results = await lookUpAll(part, (item) => item.find());
  const finished = results.filter((result) => result !== undefined);
  const { kept, rejected, words, spending } = finished.map(countsOf).reduce(addCounts, NO_ITEMS);
  return {
    items: await lookUpAll(
      part.filter((_, index) => results[index] === undefined),
      ({ item }) => Promise.resolve(item()),
    ),
    finished: { kept, rejected, words, spending },
  };
}

interface LookUp {
  readonly item: () => UnfinishedItem | Promise<UnfinishedItem>;
  readonly find: () => Promise<ItemResult | undefined>;
}

async function lookUpsOf(deps: ActivityDeps, input: FindUnfinishedInput): Promise<LookUp[]> {
  const { work, offset, count } = input;
  if (work.kind === 'selections') return selectionLookUps(deps, input, work);
  const all =
    work.kind === 'samples' ? await sampleLookUps(deps, input, work) : await completionLookUps(deps, input, work);
  return all.slice(offset, offset + count);
}

async function selectionLookUps(
  deps: ActivityDeps,
  { offset, count, ...run }: FindUnfinishedInput,
  { folder }: { folder: string },
): Promise<LookUp[]> {
  const config = await deps.files.config(run);
  const settings = selectionSettings(config) ?? '';
  const room = await promptRoom(deps.files, config);
  const candidates = await readCandidates(deps.store, folder, offset, count);
  return candidates.map(({ item, candidate: { instruction } }) => ({
    item: () => ({ id: item, ...optional('bound', selectionBound(config, room, instruction.prompt)) }),
    find: async (): Promise<ItemResult | undefined> => {
      const view = await findJson(deps.store, selectionVerdictKey(run.run, settings, instruction.id), SelectionVerdict);
      return view && verdictResult(view);
    },
  }));
}

/** A candidate's verdict as the result of an item. */
export function verdictResult({
  needsLongText,
  spending,
}: Pick<SelectionVerdict, 'needsLongText' | 'spending'>): ItemResult {
  if (needsLongText === true) return { verdict: 'kept', spending };
  return { verdict: 'rejected', reason: needsLongText === false ? 'no-long-text' : 'unreadable', spending };
}

async function sampleLookUps(deps: ActivityDeps, run: RunReference, work: { instructions: string }): Promise<LookUp[]> {
  const config = await deps.files.config(run);
  const settings = sampleSettings(config);
  const room = await promptRoom(deps.files, config);
  const retries = (await findJson(deps.store, retriesKey(run.run), Retries)) ?? {};
  return [...(await deps.files.instructions(work.instructions)).values()].map((instruction) => {
    const { id } = instruction;
    const retry = retries[id] ?? NO_RETRY;
    return {
      item: () => ({
        id,
        ...optional('bound', sampleBound(config, room, instruction, retry)),
        ...(retries[id] ? { retry } : {}),
      }),
      find: async () => {
        const view = await findView(deps, run.run, id);
        const current = view && isCurrent(view, settings) && isSame(view.retry, retry);
        return current ? sampleResult(view) : undefined;
      },
    };
  });
}

const NO_RETRY: Retry = { draws: 0, anew: 0 };

const isSame = (a: Retry, b: Retry): boolean => a.draws === b.draws && a.anew === b.anew;

function sampleResult({ reason, words, spending }: Sample): ItemResult {
  return reason === undefined ? { verdict: 'kept', words, spending } : { verdict: 'rejected', reason, words, spending };
}

async function completionLookUps(
  deps: ActivityDeps,
  input: FindUnfinishedInput,
  work: Extract<PartitionWork, { kind: 'completions' | 'judgements' }>,
): Promise<LookUp[]> {
  const config = await deps.files.config(input);
  const prompts = await deps.files.prompts(`${work.folder}/prompts.jsonl`);
  const room = await promptRoom(deps.files, config);
  if (work.kind === 'completions') {
    return prompts.flatMap(({ id, prompt }) =>
      numbers(work.completions).map((completion) => ({
        item: () => ({
          id: `${id}-${completion}`,
          ...optional('bound', completionBound(config, input.purpose ?? 'evaluation', input.model, prompt)),
        }),
        find: async (): Promise<ItemResult | undefined> => {
          const view = await findJson(deps.store, completionKey(work.folder, id, completion), Completion);
          return view && { verdict: 'kept', words: view.words, spending: view.spending };
        },
      })),
    );
  }
  const names = judgementNames(work.judgements, work.positions);
  const boundOf = async (id: string, completion: number, prompt: string) => {
    const view = await findJson(deps.store, completionKey(work.folder, id, completion), Completion);
    const { text } = view ?? { text: '' };
    const bounds = names.map((judgement) => judgementBound(config, room, { prompt, judgement, text }) ?? 0);
    return bounds.reduce((sum, bound) => sum + bound, 0);
  };
  const there = work.imported ? await completionsThere(deps, work.folder) : undefined;
  return prompts.flatMap(({ id, prompt }) =>
    numbers(work.completions).flatMap((completion) => {
      if (there && !there.has(completionKey(work.folder, id, completion))) return [];
      return {
        item: async () => ({
          id: `${id}-${completion}`,
          ...(config.budget ? { bound: await boundOf(id, completion, prompt) } : {}),
        }),
        find: async (): Promise<ItemResult | undefined> => {
          const made = await Promise.all(
            names.map((name) => findJson(deps.store, judgementKey(work.folder, id, completion, name), Judgement)),
          );
          const found = made.filter((one) => one !== undefined);
          return found.length === names.length ? judgedResult(found) : undefined;
        },
      };
    }),
  );
}

/** The completions of a folder, by their store paths. */
async function completionsThere(deps: ActivityDeps, folder: string): Promise<ReadonlySet<string>> {
  const there = new Set<string>();
  for await (const path of deps.store.list(`${folder}/completions`)) there.add(path);
  return there;
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

function optional(key: 'bound', value: number | undefined): { readonly bound?: number } {
  return value === undefined ? {} : { [key]: value };
}

/** The view of a sample; one that cannot be read counts as none, since it is derived and made again for nothing. */
export async function findView(deps: ActivityDeps, run: string, id: string): Promise<Sample | undefined> {
  try {
    return await findJson(deps.store, sampleKey(run, id), Sample);
  } catch (error) {
    if (error instanceof CorruptObjectError) return undefined;
    throw error;
  }
}
