import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { Estimate } from './schemas/evaluation.ts';
import { tailShare } from './tail-share.ts';

/** How often intervals hold the mean that they are meant to hold, 0 to 1. */
export const CONFIDENCE = 0.95;

/** How an interval is made: so many resamples, decided by a seed. */
export interface Resampling {
  readonly resamples: number;
  readonly seed: number;
}

/** Values in groups that belong together, such as one prompt's completions; a group may have none. */
export type Groups = readonly (readonly number[])[];

/** A mean, and what it comes to in each resample: NaN in one that drew no value. */
export interface ResampledMean {
  readonly mean: number | null;
  readonly n: number;
  /** Groups with a value. */
  readonly groups: number;
  readonly means: Float64Array;
}

/**
 * The mean of values in groups, with its interval of 95 %; n counts values. One group alone, or equal values, give an
 * interval without width; no value gives nulls.
 *
 * Whole groups are drawn, since the values of one are not independent: completions of one prompt say little about others.
 * Source: the cluster bootstrap, Davison and Hinkley, Bootstrap Methods and their Application (1997).
 */
export function estimate(groups: Groups, resampling: Resampling): Estimate {
  return toEstimate(resample([groups], resampling)[0]!);
}

/** The mean of independent values with its interval. */
export function estimateMean(values: readonly number[], resampling: Resampling): Estimate {
  return estimate(
    values.map((value) => [value]),
    resampling,
  );
}

/**
 * Means of several measures of the same groups, resampled together: each resample draws the same groups for all of them.
 * Equal input gives equal output.
 */
export function resample(measures: readonly Groups[], { resamples, seed }: Resampling): ResampledMean[] {
  const columns = measures.map((groups) => ({ ...columnOf(groups), means: new Float64Array(resamples) }));
  const size = measures[0]?.length ?? 0;
  const random = xoroshiro128plus(seed);
  const times = new Uint32Array(size);
  for (let index = 0; index < resamples; index++) {
    times.fill(0);
    for (let draw = 0; draw < size; draw++) times[uniformInt(random, 0, size - 1)]!++;
    for (const column of columns) column.means[index] = meanOf(column, times);
  }
  times.fill(1);
  return columns.map((column) => {
    const n = column.counts.reduce((sum, count) => sum + count, 0);
    const groups = column.counts.filter((count) => count > 0).length;
    return { mean: n === 0 ? null : meanOf(column, times), n, groups, means: column.means };
  });
}

/** The mean of two means that were resampled together, as S̄ is of S_l and S_q; null where either has no value. */
export function averageOf(one: ResampledMean, other: ResampledMean): ResampledMean {
  return {
    mean: one.mean === null || other.mean === null ? null : (one.mean + other.mean) / 2,
    n: Math.min(one.n, other.n),
    groups: Math.min(one.groups, other.groups),
    means: one.means.map((mean, index) => (mean + other.means[index]!) / 2),
  };
}

/** A resampled mean with the ends of its interval; `among` so many, they hold their means all at once 95 times in 100. */
export function toEstimate({ mean, n, groups, means }: ResampledMean, among = 1): Estimate {
  if (mean === null) return { mean, n, low: null, high: null };
  const sorted = means.filter((one) => !Number.isNaN(one)).toSorted();
  if (sorted.length === 0) return { mean, n, low: null, high: null };
  const left = tailShare(groups, among);
  return { mean, n, low: quantile(sorted, left), high: quantile(sorted, 1 - left) };
}

/** The value below which a share (0 to 1) of some sorted values lies; in proportion between neighbours (type 7 of Hyndman and Fan). */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const position = (sorted.length - 1) * share;
  const below = sorted[Math.floor(position)]!;
  return below + (sorted[Math.ceil(position)]! - below) * (position - Math.floor(position));
}

/** Sums of each group's values, less the first value of all: so equal values have exactly their mean, whatever is drawn. */
interface Column {
  readonly origin: number;
  readonly sums: Float64Array;
  readonly counts: Float64Array;
}

function columnOf(groups: Groups): Column {
  const origin = groups.find((values) => values.length > 0)?.[0] ?? 0;
  return {
    origin,
    sums: Float64Array.from(groups, (values) => values.reduce((sum, value) => sum + (value - origin), 0)),
    counts: Float64Array.from(groups, (values) => values.length),
  };
}

/** The mean of a column in which each group stands so many times; NaN where that is no value. */
function meanOf({ origin, sums, counts }: Column, times: Uint32Array): number {
  let sum = 0;
  let count = 0;
  for (let group = 0; group < times.length; group++) {
    sum += times[group]! * sums[group]!;
    count += times[group]! * counts[group]!;
  }
  return origin + sum / count;
}
