import type { Store } from '../../activities/io/store/store.ts';
import { isWanted, type DatasetEntry } from '../../domain/dataset-entry.ts';
import { fateLabel } from '../../domain/dataset-difference.ts';
import { RejectionReason } from '../../domain/schemas/sample.ts';
import { datasetStore, findView, isStale, readDataset, type RunDataset } from '../dataset.ts';
import { CommandError, EXIT } from '../exit.ts';
import { oneOf } from '../one-of.ts';
import { sampleLines } from '../sample-lines.ts';
import { columns, printableJson, printableLine } from '../terminal.ts';

/** Rows that a list has unless it is told otherwise. */
const ROWS = 50;

export interface DatasetShowOptions {
  readonly reason: readonly string[];
  readonly minWords?: string;
  readonly maxWords?: string;
  readonly kept?: boolean;
  readonly limit?: string;
  readonly text?: boolean;
  readonly json?: boolean;
}

/** Lists the samples of a dataset and those it left out, or shows one of them. */
export async function datasetShow(
  name: string,
  sample: string | undefined,
  options: DatasetShowOptions,
  store: Store = datasetStore(),
  print: (line: string) => void = console.log,
): Promise<number> {
  const filter = {
    kept: options.kept,
    reasons: options.reason.map((text) => oneOf('--reason', text, RejectionReason.options)),
    minWords: checkCount('--min-words', options.minWords),
    maxWords: checkCount('--max-words', options.maxWords),
  };
  const limit = checkCount('--limit', options.limit);
  const dataset = await readDataset(store, name);
  if (sample !== undefined) return showSample(store, dataset, sample, options, print);
  const wanted = dataset.entries.filter((entry) => isWanted(entry, filter));
  const listed = wanted.slice(0, limit ?? (options.json ? undefined : ROWS));
  if (options.json) {
    const { run, folder } = dataset;
    print(printableJson({ run, folder, matching: wanted.length, samples: listed }));
    return EXIT.done;
  }
  for (const line of listLines(listed)) print(line);
  print(
    `${listed.length.toLocaleString('en-US')} of ${wanted.length.toLocaleString('en-US')} samples${more(listed, wanted)}`,
  );
  for (const complaint of dataset.complaints) print(`! ${complaint}`);
  return EXIT.done;
}

async function showSample(
  store: Store,
  dataset: RunDataset,
  sample: string,
  options: DatasetShowOptions,
  print: (line: string) => void,
): Promise<number> {
  const entry = findEntry(dataset, sample);
  const view = await findView(store, dataset.run, entry.sample);
  const instruction = dataset.instructions.get(entry.sample);
  if (options.json) {
    const stale = view ? isStale(entry, view) : false;
    print(printableJson({ ...entry, instruction: instruction ?? null, view: view ?? null, stale }));
  } else for (const line of sampleLines(entry, instruction, view, options.text ?? false)) print(line);
  return EXIT.done;
}

/** The sample of an id, or of the beginning of one, if it is long enough to be told apart. */
function findEntry({ run, entries }: RunDataset, sample: string): DatasetEntry {
  const found = entries.filter((entry) => entry.sample.startsWith(sample));
  const exact = found.find((entry) => entry.sample === sample) ?? (found.length === 1 ? found[0] : undefined);
  if (exact) return exact;
  const problem = found.length === 0 ? 'has no sample' : `has ${found.length} samples that begin with`;
  throw new CommandError(EXIT.usage, `run ${run} ${problem} ${printableLine(sample, 40)}`);
}

function listLines(entries: readonly DatasetEntry[]): string[] {
  return columns([
    ['sample', 'verdict', 'words', 'required', 'S_l', 'instruction'],
    ...entries.map((entry) => [
      entry.sample,
      fateLabel(entry),
      entry.words ?? '–',
      entry.required ?? '–',
      entry.lengthScore === null ? '–' : Math.round(entry.lengthScore),
      entry.instruction === null ? '(gone)' : printableLine(entry.instruction, 60),
    ]),
  ]);
}

function more(listed: readonly unknown[], wanted: readonly unknown[]): string {
  return listed.length < wanted.length ? '; more with --limit' : '';
}

function checkCount(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,12}$/.test(text)) throw new CommandError(EXIT.usage, `${option} ${text}: expected a whole number`);
  return Number(text);
}
