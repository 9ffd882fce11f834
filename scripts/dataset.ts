import { findJson, readJsonLines } from '../activities/io/store/json.ts';
import type { Store } from '../activities/io/store/store.ts';
import { readEnvironment } from '../configs/env.ts';
import { openStore } from '../activities/io/store/open.ts';
import { datasetEntries, type DatasetEntry } from '../domain/dataset-entry.ts';
import { configKey, datasetFolder, sampleKey, stageKey } from '../domain/keys.ts';
import { DatasetSample, Manifest, Rejection } from '../domain/schemas/dataset.ts';
import { Instruction } from '../domain/schemas/instruction.ts';
import { StageRecord } from '../domain/schemas/run.ts';
import { Sample } from '../domain/schemas/sample.ts';
import { z } from 'zod';
import { CommandError, EXIT } from './exit.ts';
import { checkRunId } from './runs.ts';

/** What the commands of a dataset read of a sample's view; views that another version wrote can be shown as well. */
export const SampleView = z.object({
  ...Sample.pick({ id: true, plan: true, sections: true, refused: true, summaries: true, text: true, words: true })
    .shape,
});
export type SampleView = z.infer<typeof SampleView>;

/** A dataset as a person names it, with what it says of every sample. */
export interface RunDataset {
  readonly run: string;
  readonly folder: string;
  /** Revision of the configuration it was made under; undefined where another dataset is the run's by now. */
  readonly revision: number | undefined;
  readonly manifest: Manifest;
  readonly entries: readonly DatasetEntry[];
  readonly instructions: ReadonlyMap<string, Instruction>;
  /** What does not fit together, one line each. */
  readonly complaints: readonly string[];
}

/** The store that the environment names; no command of a dataset needs a Temporal server. */
export function datasetStore(): Store {
  return openStore(readEnvironment().storeUrl);
}

/**
 * Reads a run's dataset: its newest by the name of the run, an earlier one by RUN/FINGERPRINT, as its folder is called.
 * Fails with exit code 4 where there is no such run, and with 2 where it has no dataset.
 */
export async function readDataset(store: Store, name: string): Promise<RunDataset> {
  const [run = '', hash, ...rest] = name.split('/');
  checkRunId(run);
  if (rest.length > 0 || (hash !== undefined && !/^[0-9a-f]{8}$/.test(hash)))
    throw new CommandError(EXIT.usage, `dataset "${name}": expected RUN, or RUN/ and 8 characters of a-f and 0-9`);
  if (!(await store.find(configKey(run))))
    throw new CommandError(EXIT.noSuchRun, `there is no run ${run} in store ${store.url}`);
  const newest = await newestDataset(store, run);
  const folder = hash === undefined ? newest?.folder : datasetFolder(run, hash);
  const manifest = folder === undefined ? undefined : await findJson(store, `${folder}/manifest.json`, Manifest);
  if (folder === undefined || manifest === undefined) {
    const missing = hash === undefined ? 'no dataset yet' : `no dataset ${hash}`;
    throw new CommandError(
      EXIT.usage,
      `run ${run} has ${missing}; to make it: npm run longwriter -- resume ${run} --until dataset`,
    );
  }
  const kept = await readJsonLines(store, `${folder}/samples.jsonl`, DatasetSample);
  const rejected = await readJsonLines(store, `${folder}/rejections.jsonl`, Rejection);
  const instructions = await readInstructions(store, run, manifest);
  const entries = datasetEntries(kept, rejected, instructions ?? new Map());
  return {
    run,
    folder,
    revision: newest?.folder === folder ? newest.revision : undefined,
    manifest,
    entries,
    instructions: instructions ?? new Map(),
    complaints: complaintsOf(manifest, kept, rejected, entries, instructions !== undefined),
  };
}

/** The view of a sample, or undefined where it is gone. */
export function findView(store: Store, run: string, sample: string): Promise<SampleView | undefined> {
  return findJson(store, sampleKey(run, sample), SampleView);
}

/** Whether a view tells of another text than the dataset: a sample is written anew, or failed under other settings. */
export function isStale({ words }: DatasetEntry, view: SampleView): boolean {
  return words !== view.words;
}

async function newestDataset(store: Store, run: string): Promise<{ folder: string; revision: number } | undefined> {
  const record = await findJson(store, stageKey(run, 'dataset'), StageRecord);
  return record && { ...z.object({ folder: z.string() }).parse(record.outcome), revision: record.revision };
}

/** The instructions that a dataset was made from, by id; the run's newest where its manifest does not name them. */
async function readInstructions(
  store: Store,
  run: string,
  { madeFrom }: Manifest,
): Promise<Map<string, Instruction> | undefined> {
  const record = await findJson(store, stageKey(run, 'select'), StageRecord);
  const newest = z.object({ key: z.string() }).safeParse(record?.outcome).data?.key;
  const named = madeFrom?.['instructions'];
  const key = typeof named === 'string' ? `runs/${run}/${named.split('/').at(-1)}` : newest;
  if (key === undefined || !(await store.find(key))) return undefined;
  return new Map((await readJsonLines(store, key, Instruction)).map((row) => [row.id, row]));
}

/** The files of a dataset and its manifest tell the same, where nobody touched them. */
function complaintsOf(
  { counts }: Manifest,
  kept: readonly DatasetSample[],
  rejected: readonly Rejection[],
  entries: readonly DatasetEntry[],
  hasInstructions: boolean,
): string[] {
  const complaints = hasInstructions
    ? []
    : ['the instructions of the run are gone: prompts and failed samples are missing'];
  const failed = entries.filter(({ verdict }) => verdict === 'failed').length;
  const twice = kept.length + rejected.length + failed - entries.length;
  if (twice > 0) complaints.push(`${twice} samples have more than one line in samples.jsonl and rejections.jsonl`);
  const found = { selected: entries.length, kept: kept.length, rejected: rejected.length, failed };
  for (const [name, count] of Object.entries(found)) {
    if (!hasInstructions && (name === 'selected' || name === 'failed')) continue;
    const told = counts[name];
    if (told !== undefined && told !== count)
      complaints.push(`manifest.json counts ${told} ${name}, the files hold ${count}`);
  }
  return complaints;
}
