import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { RunConfig } from '../configs/schema.ts';
import { fingerprint } from '../domain/fingerprint.ts';
import { datasetFolder } from '../domain/keys.ts';
import { readMessages } from '../domain/schemas/dataset.ts';
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
import { inWorkFolder } from './work-folder.ts';
import { writeSplits, type RowFile } from './write-splits.ts';

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

const SFT_ROWS = { columns: ['messages'], read: readMessages, invalid: 'Dataset.Invalid' } as const;

/**
 * Makes the dataset of a run from the views of its samples, in constant memory: training rows in a seeded order as JSON
 * Lines and Parquet, what was left out with its reason, a card with a picture, and the manifest last. Same samples, same
 * bytes; killed half-way, it begins anew and nothing of it is in the store. Fails with Dataset.Empty where nothing was
 * kept, and with Dataset.Invalid on a general row that is none.
 */
export async function assembleDataset(deps: ActivityDeps, input: AssembleDatasetInput): Promise<AssembledDataset> {
  return whileBeating((signal) =>
    inWorkFolder(deps.node.home, `dataset-${input.run}`, (folder) => assemble(deps, input, folder, signal)),
  );
}

async function assemble(
  deps: ActivityDeps,
  input: AssembleDatasetInput,
  local: string,
  signal: AbortSignal,
): Promise<AssembledDataset> {
  const config = await deps.files.config(input);
  // A dataset may be named like one of the files that are made on the way.
  const scratch = join(local, 'scratch');
  await mkdir(scratch);
  const judged = await judgeSamples(deps, input, input.instructions, { local, scratch }, signal);
  const kept = judged.words.length;
  if (kept === 0) throw failure('Dataset.Empty', `no sample of ${judged.selected} was kept: ${listReasons(judged)}`);
  if (judged.train === 0)
    throw failure('Dataset.Empty', `all ${kept} samples are in the test split (dataset.testFraction)`);
  const { dataset, filter, seed } = config;
  const { plan, section } = promptHashes(config);
  const madeFrom = {
    // Without the run's name: another run of the same inputs makes the same bytes.
    instructions: basename(input.instructions),
    samples: judged.digest,
    settings: sampleSettings(config),
    planPrompt: plan,
    sectionPrompt: section,
    filter: JSON.stringify(filter),
    mix: JSON.stringify({ seed, testFraction: dataset.testFraction, general: dataset.general }),
    imports: config.imports.map(({ file }) => file),
    general: dataset.general.map(({ file }) => file),
    ...(dataset.maxWords === undefined ? {} : { cut: `at most about ${dataset.maxWords} words` }),
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
    for (const [index, source] of dataset.general.entries()) {
      const place = { seed, ours: judged.train, local: join(scratch, `general-${index}`) };
      general.push(await takeGeneralRows(deps.store, source, SFT_ROWS, place));
    }
    const rows = await writeSplits(local, dataset.name, judged.kept, general, signal);
    const asked = general.reduce((sum, one) => sum + one.asked, 0);
    const taken = general.reduce((sum, one) => sum + one.taken, 0);
    checkRows(rows, kept, taken);
    const counts = { selected, kept, rejected: selected - kept - failed, failed, general: taken };
    await writeFile(join(local, 'length.svg'), drawLengthPicture(judged.words));
    await writeFile(
      join(local, 'README.md'),
      renderDatasetCard(cardOf(config, input, judged, { ...counts, generalAsked: asked }, madeFrom)),
    );
    const others = [{ path: 'rejections.jsonl', rows: counts.rejected }, { path: 'length.svg' }, { path: 'README.md' }];
    signal.throwIfAborted();
    await uploadFiles(deps.store, folder, local, [...rows, ...others], { inputs, counts, madeFrom });
    return { ...outcome, general: taken };
  } finally {
    for (const rows of general) await rows.close();
  }
}

/** Fails where the rows that were written are not those that were counted: a manifest must vouch for what is there. */
function checkRows(files: readonly RowFile[], kept: number, general: number): void {
  const rows = files.filter(({ path }) => path.endsWith('.parquet')).reduce((sum, file) => sum + file.rows, 0);
  const samples = files.find(({ path }) => path === 'samples.jsonl')?.rows;
  if (rows === kept + general && samples === kept) return;
  throw new Error(`${rows} rows and ${samples} samples were written of ${kept} kept and ${general} general ones`);
}

/** What kept every sample out, for a person who has to change the filter. */
function listReasons({ rejected, failed }: JudgedSamples): string {
  const reasons = Object.entries(rejected).map(([reason, count]) => `${count} ${reason}`);
  return [...reasons, ...(failed > 0 ? [`${failed} failed`] : [])].join(', ') || 'there are none';
}

function cardOf(
  config: RunConfig,
  { selection }: AssembleDatasetInput,
  { words, rejected, languages, origins, train }: JudgedSamples,
  counts: DatasetCardInput['counts'],
  madeFrom: DatasetCardInput['madeFrom'],
): DatasetCardInput {
  const { name, licence, maxWords } = config.dataset;
  return {
    name,
    writer: modelIdentity(config, 'writer'),
    settings: sampleSettings(config),
    promptHashes: { ...promptHashes(config) },
    counts,
    ...(selection ? { selection } : {}),
    rejected,
    words,
    ...(maxWords === undefined ? {} : { maxWords }),
    languages,
    origins,
    splits: { train, ...(words.length > train ? { test: words.length - train } : {}) },
    filter: config.filter,
    madeFrom,
    seed: config.seed,
    licence,
  };
}
