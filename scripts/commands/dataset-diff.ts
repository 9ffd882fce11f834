import type { Store } from '../../activities/io/store/store.ts';
import { findJson } from '../../activities/io/store/json.ts';
import { RunConfig } from '../../configs/schema.ts';
import { countBy } from '../../domain/count-by.ts';
import { datasetDifference, fateLabel, type DatasetDifference } from '../../domain/dataset-difference.ts';
import { datasetStatistics } from '../../domain/dataset-statistics.ts';
import { differences, type Difference } from '../../domain/differences.ts';
import { configKey } from '../../domain/keys.ts';
import { datasetStore, readDataset, type RunDataset } from '../dataset.ts';
import { rowHashes } from '../row-hashes.ts';
import { EXIT } from '../exit.ts';
import { columns, printable, printableJson } from '../terminal.ts';

/** Samples that a terminal shows of one kind of change. */
const SHOWN = 10;

/** Places of a configuration that no dataset depends on. */
const ELSEWHERE =
  /^(?:training|serving|preferences|judge|evaluation|gates|budget|prices|prompts\.(?:judge|step)|endpoints\.(?:judge|served|writer\.(?:limits|baseUrl|apiKeyEnv))|generation\.(?:window|partitionSize))(?:\.|$)/;

type Counts = ReturnType<typeof datasetStatistics>['counts'];

interface Comparison extends DatasetDifference {
  readonly a: { readonly run: string; readonly folder: string; readonly counts: Counts };
  readonly b: { readonly run: string; readonly folder: string; readonly counts: Counts };
  readonly settings: readonly Difference[];
}

/** Tells how two datasets differ: samples in one and not the other and why, changed texts, changed settings. */
export async function datasetDiff(
  nameA: string,
  nameB: string,
  options: { readonly json?: boolean },
  store: Store = datasetStore(),
  print: (line: string) => void = console.log,
): Promise<number> {
  const [a, b] = [await readDataset(store, nameA), await readDataset(store, nameB)];
  const comparison: Comparison = {
    a: side(a),
    b: side(b),
    settings: await changedSettings(store, a, b),
    ...datasetDifference(
      { entries: a.entries, rows: await rowHashes(store, a) },
      { entries: b.entries, rows: await rowHashes(store, b) },
    ),
  };
  if (options.json) print(printableJson(comparison));
  else for (const line of comparisonLines(comparison)) print(line);
  return EXIT.done;
}

function side(dataset: RunDataset): Comparison['a'] {
  const { counts } = datasetStatistics(dataset.entries);
  return { run: dataset.run, folder: dataset.folder, counts };
}

/** Differences of what the datasets were made from, and of their configurations where both are known. */
async function changedSettings(store: Store, a: RunDataset, b: RunDataset): Promise<Difference[]> {
  const [configA, configB] = [await findConfigOf(store, a), await findConfigOf(store, b)];
  const made = differences(a.manifest.madeFrom ?? {}, b.manifest.madeFrom ?? {});
  const configured = configA && configB ? differences(configA, configB) : [];
  return [
    ...configured.filter(({ path }) => !ELSEWHERE.test(path)),
    ...made.map(({ path, ...rest }) => ({ path: `made from ${path}`, ...rest })),
  ];
}

async function findConfigOf(store: Store, { run, revision }: RunDataset): Promise<RunConfig | undefined> {
  return revision === undefined ? undefined : findJson(store, configKey(run, revision), RunConfig);
}

function comparisonLines({ a, b, settings, same, verdicts, texts, splits }: Comparison): string[] {
  const changes = verdicts.map((one) => ({ ...one, change: `${fateLabel(one.a)} → ${fateLabel(one.b)}` }));
  const names = ['selected', 'kept', 'rejected', 'failed'] as const;
  return [
    `a: ${a.folder}`,
    `b: ${b.folder}`,
    '',
    ...columns([
      ['', ...names],
      ['a', ...names.map((one) => a.counts[one])],
      ['b', ...names.map((one) => b.counts[one])],
    ]),
    '',
    settings.length === 0 ? 'no setting differs' : 'settings (a → b)',
    ...settings.map((one) => `  ${one.path}: ${shown(one.a)} → ${shown(one.b)}`),
    '',
    `the same in both: ${same.toLocaleString('en-US')}`,
    ...Object.entries(countBy(changes.map(({ change }) => change))).flatMap(([change, count]) =>
      group(
        `${change}: ${count.toLocaleString('en-US')}`,
        changes.filter((one) => one.change === change).map(fateLine),
      ),
    ),
    ...group(
      `kept by both, with another text: ${texts.length.toLocaleString('en-US')}`,
      texts.map((one) => `${one.sample}  ${one.a.toLocaleString('en-US')} → ${one.b.toLocaleString('en-US')} words`),
    ),
    ...group(
      `kept by both, in another split: ${splits.length.toLocaleString('en-US')}`,
      splits.map((one) => `${one.sample}  ${one.a} → ${one.b}`),
    ),
  ];
}

function group(head: string, lines: readonly string[]): string[] {
  if (lines.length === 0) return [];
  const rest = lines.length - SHOWN;
  return [head, ...lines.slice(0, SHOWN).map((line) => `  ${line}`), ...(rest > 0 ? [`  … ${rest} more: --json`] : [])];
}

function fateLine({ sample, a, b }: DatasetDifference['verdicts'][number]): string {
  const words = `${a.words ?? '–'} → ${b.words ?? '–'} words`;
  const details = [a.detail, b.detail]
    .filter((detail) => detail !== null && detail !== '')
    .map((one) => printable(one!));
  return [sample, words, ...details].join('  ');
}

function shown(value: unknown): string {
  return value === undefined ? 'absent' : printableJson(value);
}
