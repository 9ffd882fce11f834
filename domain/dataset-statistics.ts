import { countBy } from './count-by.ts';
import type { DatasetEntry } from './dataset-entry.ts';
import { quantile } from './statistics.ts';

/** The S_l from which on a row keeps its length well enough for `configs/longwriter-666.yaml`. */
const GOOD_LENGTH_SCORE = 80;

const SCORE_BINS = [0, 20, 40, 60, 80] as const;

/** Words of some texts. Quartiles lie between neighbours in proportion (type 7 of Hyndman and Fan, as NumPy does). */
export interface WordStatistics {
  readonly rows: number;
  readonly min: number;
  readonly lowerQuartile: number;
  readonly median: number;
  readonly upperQuartile: number;
  readonly max: number;
  readonly mean: number;
  readonly total: number;
}

/** What a dataset holds and what it left out, in numbers. */
export interface DatasetStatistics {
  /** selected = kept + rejected + failed; the rows of a user's own that are mixed in are none of them. */
  readonly counts: Readonly<Record<'selected' | 'kept' | 'rejected' | 'failed', number>>;
  readonly rejected: Readonly<Record<string, number>>;
  readonly splits: Readonly<Record<string, number>>;
  readonly origins: Readonly<Record<string, number>>;
  /** Of kept rows: `all`, and each language that occurs. */
  readonly words: Readonly<Record<string, WordStatistics>>;
  /** Of kept rows whose instruction states a length; mean and share (0 to 1) are null where there is none. */
  readonly lengthScores: {
    readonly rows: number;
    readonly mean: number | null;
    readonly share80: number | null;
    /** Each from `from` up to, not including, `to`, but 100 is in the last. */
    readonly bins: readonly { readonly from: number; readonly to: number; readonly count: number }[];
  };
}

/** Counts a dataset's entries and sums up the words and length scores of what it kept. */
export function datasetStatistics(entries: readonly DatasetEntry[]): DatasetStatistics {
  const kept = entries.filter(({ verdict }) => verdict === 'kept');
  const rejected = entries.filter(({ verdict }) => verdict === 'rejected');
  const languages = Object.keys(countBy(kept.map(({ language }) => language!)));
  const scores = kept.flatMap(({ lengthScore }) => lengthScore ?? []);
  const wordsOf = (rows: readonly DatasetEntry[]): number[] => rows.map(({ words }) => words!);
  return {
    counts: {
      selected: entries.length,
      kept: kept.length,
      rejected: rejected.length,
      failed: entries.length - kept.length - rejected.length,
    },
    rejected: countBy(rejected.map(({ reason }) => reason!)),
    splits: countBy(kept.map(({ split }) => split!)),
    origins: countBy(kept.map(({ origin }) => origin!)),
    words: Object.fromEntries([
      ...statistics('all', wordsOf(kept)),
      ...languages.flatMap((one) => statistics(one, wordsOf(kept.filter(({ language }) => language === one)))),
    ]),
    lengthScores: {
      rows: scores.length,
      mean: scores.length === 0 ? null : sum(scores) / scores.length,
      share80: scores.length === 0 ? null : scores.filter((score) => score >= GOOD_LENGTH_SCORE).length / scores.length,
      bins: SCORE_BINS.map((from) => {
        const to = from + 20;
        return { from, to, count: scores.filter((one) => one >= from && (one < to || to === 100)).length };
      }),
    },
  };
}

/** The words of some texts, summed up; undefined of none. */
export function wordStatistics(words: readonly number[]): WordStatistics | undefined {
  if (words.length === 0) return undefined;
  const sorted = words.toSorted((a, b) => a - b);
  const total = sum(sorted);
  return {
    rows: sorted.length,
    min: sorted[0]!,
    lowerQuartile: quantile(sorted, 0.25),
    median: quantile(sorted, 0.5),
    upperQuartile: quantile(sorted, 0.75),
    max: sorted.at(-1)!,
    mean: total / sorted.length,
    total,
  };
}

function statistics(name: string, words: readonly number[]): [string, WordStatistics][] {
  const found = wordStatistics(words);
  return found ? [[name, found]] : [];
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
