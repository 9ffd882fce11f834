import { decimal } from '../../activities/report/format.ts';
import { histogram } from '../../activities/report/histogram.ts';
import type { Store } from '../../activities/io/store/store.ts';
import { sumCounts } from '../../domain/count-by.ts';
import { datasetStatistics, type DatasetStatistics } from '../../domain/dataset-statistics.ts';
import { datasetStore, readDataset, type RunDataset } from '../dataset.ts';
import { EXIT } from '../exit.ts';
import { bar, columns, printableJson } from '../terminal.ts';

type Bins = readonly { readonly from: number; readonly to: number; readonly count: number }[];

/** Tells a dataset in numbers: counts that add up, words, length scores, splits. */
export async function datasetStats(
  name: string,
  options: { readonly json?: boolean },
  store: Store = datasetStore(),
  print: (line: string) => void = console.log,
): Promise<number> {
  const dataset = await readDataset(store, name);
  const statistics = datasetStatistics(dataset.entries);
  const words = dataset.entries.flatMap((entry) => (entry.verdict === 'kept' ? entry.words! : []));
  const bins = words.length === 0 ? [] : histogram(words);
  const { run, folder, manifest, complaints } = dataset;
  const general = manifest.counts['general'] ?? 0;
  if (options.json) print(printableJson({ run, folder, ...statistics, general, histogram: bins, complaints }));
  else for (const line of statisticsLines(dataset, statistics, bins, general)) print(line);
  return EXIT.done;
}

function statisticsLines(
  { run, folder, complaints }: RunDataset,
  { counts, rejected, splits, origins, words, lengthScores }: DatasetStatistics,
  bins: Bins,
  general: number,
): string[] {
  const summed = counts.kept + sumCounts(rejected) + counts.failed;
  return [
    `dataset of run ${run}: ${folder}`,
    ...complaints.map((one) => `! ${one}`),
    '',
    ...columns([
      ['kept', counts.kept],
      ...Object.entries(rejected).map(([reason, count]) => [`rejected: ${reason}`, count]),
      ['failed, without a verdict', counts.failed],
      [`selected${summed === counts.selected ? '' : ', which they do not add up to'}`, counts.selected],
    ]),
    '',
    `splits: ${told(splits)} · origin: ${told(origins)} · general rows mixed in: ${general.toLocaleString('en-US')}`,
    '',
    ...columns([
      ['words of kept rows', 'rows', 'min', '25 %', 'median', '75 %', 'max', 'mean', 'total'],
      ...Object.entries(words).map(([language, one]) => [
        language,
        ...[one.rows, one.min, one.lowerQuartile, one.median, one.upperQuartile, one.max, one.mean, one.total].map(
          Math.round,
        ),
      ]),
    ]),
    '',
    ...binLines('words', bins),
    '',
    lengthScores.rows === 0
      ? 'no kept row has a required length'
      : `S_l of ${told({ 'kept rows with a required length': lengthScores.rows })}: mean ${decimal(lengthScores.mean)}, ${decimal(100 * lengthScores.share80!)} % at 80 or above`,
    ...(lengthScores.rows === 0 ? [] : binLines('S_l', lengthScores.bins)),
  ];
}

function binLines(unit: string, bins: Bins): string[] {
  const most = bins.reduce((highest, { count }) => Math.max(highest, count), 0);
  return columns(
    bins.map(({ from, to, count }) => [
      `${from.toLocaleString('en-US')} – ${to.toLocaleString('en-US')} ${unit}`,
      count,
      ...[bar(count, most)],
    ]),
  );
}

function told(counts: Readonly<Record<string, number>>): string {
  const parts = Object.entries(counts).map(([name, count]) => `${count.toLocaleString('en-US')} ${name}`);
  return parts.join(', ') || 'none';
}
