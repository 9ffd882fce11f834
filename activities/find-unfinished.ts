import { completionKey, judgementKey, sampleKey } from '../domain/keys.ts';
import { Judgement } from '../domain/schemas/completion.ts';
import { Sample } from '../domain/schemas/sample.ts';
import { countBy } from '../domain/count-by.ts';
import type { ActivityDeps } from './deps.ts';
import { lookUpAll } from './look-ups.ts';
import { CorruptObjectError, findJson } from './io/store/json.ts';
import { sampleSettings, type RunReference } from './run-files.ts';

/** What a partition is made of: samples of a selection, or completions or judgements of a folder of prompts. */
export type PartitionWork =
  | { readonly kind: 'samples'; readonly instructions: string }
  | { readonly kind: 'completions' | 'judgements'; readonly folder: string; readonly completions: number };

export interface FindUnfinishedInput extends RunReference {
  readonly work: PartitionWork;
  readonly offset: number;
  readonly count: number;
}

/** Items of a partition without a result, and the results of the others. */
export interface UnfinishedItems {
  /** Sample ids, or `<prompt>-<completion>`. */
  readonly items: readonly string[];
  readonly kept: number;
  readonly rejected: Readonly<Record<string, number>>;
}

/** Looks up, without a model call, which items of a partition still lack a result. */
export async function findUnfinished(deps: ActivityDeps, input: FindUnfinishedInput): Promise<UnfinishedItems> {
  const { work, offset, count } = input;
  const all = work.kind === 'samples' ? await sampleLookUps(deps, input, work) : await completionLookUps(deps, work);
  const part = all.slice(offset, offset + count);
  const results = await lookUpAll(part, (item) => item.find());
  return {
    items: part.filter((_, index) => results[index] === undefined).map(({ id }) => id),
    kept: results.filter((result) => result === 'kept').length,
    rejected: countBy(results.filter((result) => result !== undefined && result !== 'kept') as string[]),
  };
}

/** `kept`, or the reason of a rejection. */
type Result = string;

interface LookUp {
  readonly id: string;
  readonly find: () => Promise<Result | undefined>;
}

async function sampleLookUps(deps: ActivityDeps, run: RunReference, work: { instructions: string }): Promise<LookUp[]> {
  const settings = sampleSettings(await deps.files.config(run));
  return [...(await deps.files.instructions(work.instructions)).keys()].map((id) => ({
    id,
    find: async () => {
      const view = await findView(deps, run.run, id);
      return view?.settings === settings ? (view.reason ?? 'kept') : undefined;
    },
  }));
}

async function completionLookUps(
  deps: ActivityDeps,
  work: { kind: 'completions' | 'judgements'; folder: string; completions: number },
): Promise<LookUp[]> {
  const prompts = await deps.files.prompts(`${work.folder}/prompts.jsonl`);
  return prompts.flatMap(({ id }) =>
    Array.from({ length: work.completions }, (_, completion) => ({
      id: `${id}-${completion}`,
      find: async () => {
        if (work.kind === 'completions') {
          return (await deps.store.find(completionKey(work.folder, id, completion))) ? 'kept' : undefined;
        }
        const view = await findJson(deps.store, judgementKey(work.folder, id, completion), Judgement);
        return view && (view.scores ? 'kept' : 'unscored');
      },
    })),
  );
}

/** The view of a sample; one that cannot be read counts as none, since it is derived and made again for nothing. */
async function findView(deps: ActivityDeps, run: string, id: string): Promise<Sample | undefined> {
  try {
    return await findJson(deps.store, sampleKey(run, id), Sample);
  } catch (error) {
    if (error instanceof CorruptObjectError) return undefined;
    throw error;
  }
}
