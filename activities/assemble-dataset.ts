import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunConfig } from '../configs/schema.ts';
import { fingerprint } from '../domain/fingerprint.ts';
import { datasetFolder } from '../domain/keys.ts';
import type { ActivityDeps } from './deps.ts';
import { benchmarkFiles } from './benchmark-passages.ts';
import { failure } from './failures.ts';
import { findManifest, uploadFiles } from './folder.ts';
import { takeGeneralRows, type GeneralRows } from './general-rows.ts';
import { whileBeating } from './heartbeat.ts';
import { judgeSamples, type JudgedSamples } from './judge-samples.ts';
import { renderDatasetCard, type DatasetCardInput } from './report/dataset-card.ts';
import { drawLengthPicture } from './report/length-picture.ts';
import { modelIdentity, promptHashes, sampleSettings, type RunReference } from './run-files.ts';
import { writeSplits } from './write-splits.ts';

export interface AssembleDatasetInput extends RunReference {
  readonly instructions: string;
  /** What the selection read, and what it left out by which step. */
  readonly selection?: { readonly read: number; readonly leftOut: Readonly<Record<string, number>> };
}

/** A dataset, by its folder, with counts that add up: kept + rejected + failed = selected. */
export interface AssembledDataset {
  readonly folder: string;
  readonly fingerprint: string;
  readonly selected: number;
  readonly kept: number;
  readonly general: number;
  readonly rejected: Readonly<Record<string, number>>;
  readonly failed: number;
}

/**
 * Makes the dataset of a run from the views of its samples, in constant memory: training rows in a seeded order as JSON
 * Lines and Parquet, what was left out with its reason, a card with a picture, and the manifest last. Same samples, same
 * bytes; killed half-way, it begins anew and nothing of it is in the store. Fails with Dataset.Empty where nothing was
 * kept, and with Dataset.Invalid on a general row that is none.
 */
export async function assembleDataset(deps: ActivityDeps, input: AssembleDatasetInput): Promise<AssembledDataset> {
  return whileBeating(async (signal) => {
    const folder = join(deps.node.home, 'work', 'datasets', input.run);
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    try {
      return await assemble(deps, input, folder, signal);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
}

async function assemble(
  deps: ActivityDeps,
  input: AssembleDatasetInput,
  local: string,
  signal: AbortSignal,
): Promise<AssembledDataset> {
  const config = await deps.files.config(input);
  const judged = await judgeSamples(deps, input, input.instructions, local, signal);
  const kept = judged.words.length;
  if (kept === 0)
    throw failure('Dataset.Empty', `no sample of ${judged.selected} was kept: ${JSON.stringify(judged.rejected)}`);
  const { dataset, filter, seed } = config;
  const { plan, section } = promptHashes(config);
  const madeFrom = {
    instructions: input.instructions,
    samples: judged.digest,
    settings: sampleSettings(config),
    planPrompt: plan,
    sectionPrompt: section,
    filter: fingerprint(filter),
    general: dataset.general.map(({ file }) => file),
    benchmarks: filter.contamination ? benchmarkFiles(config) : [],
  };
  const inputs = fingerprint({ madeFrom, dataset, seed, selection: input.selection ?? null, format: 2 });
  const folder = datasetFolder(input.run, inputs.slice(0, 8));
  const { selected, failed, rejected } = judged;
  const outcome = { folder, fingerprint: inputs, selected, kept, rejected, failed };
  const whole = await findManifest(deps.store, folder);
  if (whole?.inputs === inputs) return { ...outcome, general: whole.counts.general ?? 0 };

  const general: GeneralRows[] = [];
  try {
    for (const source of dataset.general)
      general.push(await takeGeneralRows(deps.store, source, seed, judged.train, local));
    const rows = await writeSplits(local, dataset, judged.kept, general, signal);
    const taken = general.reduce((sum, one) => sum + one.taken, 0);
    const counts = { selected, kept, rejected: selected - kept - failed, failed, general: taken };
    await writeFile(join(local, 'length.svg'), drawLengthPicture(judged.words));
    await writeFile(join(local, 'README.md'), renderDatasetCard(cardOf(config, input, judged, counts, madeFrom)));
    const others = [{ path: 'rejections.jsonl', rows: counts.rejected }, { path: 'length.svg' }, { path: 'README.md' }];
    await uploadFiles(deps.store, folder, local, [...rows, ...others], { inputs, counts, madeFrom });
    return { ...outcome, general: taken };
  } finally {
    for (const rows of general) await rows.close();
  }
}

function cardOf(
  config: RunConfig,
  { selection }: AssembleDatasetInput,
  { words, rejected, languages, origins, train }: JudgedSamples,
  counts: DatasetCardInput['counts'],
  madeFrom: DatasetCardInput['madeFrom'],
): DatasetCardInput {
  const { name, testFraction, licence } = config.dataset;
  return {
    name,
    writer: modelIdentity(config, 'writer'),
    settings: sampleSettings(config),
    promptHashes: { ...promptHashes(config) },
    counts,
    ...(selection ? { selection } : {}),
    rejected,
    words,
    languages,
    origins,
    splits: testFraction > 0 ? { train, test: words.length - train } : { train },
    filter: config.filter,
    madeFrom,
    seed: config.seed,
    licence,
  };
}
