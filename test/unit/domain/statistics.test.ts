import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { describe, expect, it } from 'vitest';
import { averageOf, estimate, estimateMean, quantile, resample, toEstimate } from '../../../domain/statistics.ts';

const RESAMPLING = { resamples: 1000, seed: 42 };

/** Numbers from 0 to 1 that a seed decides. */
function uniform(seed: number): () => number {
  const random = xoroshiro128plus(seed);
  return () => uniformFloat64(random);
}

/** Share of samples whose interval holds the mean that they were drawn around. */
function coverage(draw: (random: () => number) => number[][], mean: number): number {
  const random = uniform(7);
  const held = Array.from({ length: 300 }, (_, seed) => estimate(draw(random), { resamples: 250, seed })).filter(
    ({ low, high }) => low! <= mean && mean <= high!,
  );
  return held.length / 300;
}

describe('estimate', () => {
  it('gives the mean of all values with n and the ends of its interval, the same bytes each time', () => {
    const groups = [[61.5, 70], [88], [], [93.25, 40, 12.5], [75]];
    expect(JSON.stringify(estimate(groups, RESAMPLING))).toBe(
      '{"mean":62.892857142857146,"n":7,"low":48.583333333333336,"high":88}',
    );
    const [one] = resample([groups], RESAMPLING);
    const [other] = resample([groups], { ...RESAMPLING, seed: 43 });
    expect(other!.means).not.toEqual(one!.means);
  });

  it('gives one value, one group, or equal values an interval without width, and no value none', () => {
    expect(estimate([[71.3]], RESAMPLING)).toEqual({ mean: 71.3, n: 1, low: 71.3, high: 71.3 });
    expect(estimate([[10, 20]], RESAMPLING)).toEqual({ mean: 15, n: 2, low: 15, high: 15 });
    const equal = Array.from({ length: 9 }, (_, index) => Array.from({ length: 1 + (index % 3) }, () => 0.1));
    expect(estimate(equal, RESAMPLING)).toEqual({ mean: 0.1, n: 18, low: 0.1, high: 0.1 });
    for (const nothing of [[], [[], []]])
      expect(estimate(nothing, RESAMPLING)).toEqual({ mean: null, n: 0, low: null, high: null });
  });

  it.each([8, 60])('holds the mean of uniform and of skewed numbers in about 95 of 100 intervals of %i', (size) => {
    const values = (of: (random: number) => number) => (random: () => number) =>
      Array.from({ length: size }, () => [of(random())]);
    const shares = [
      coverage(
        values((random) => 100 * random),
        50,
      ),
      coverage(
        values((random) => Math.max(0, 150 * random - 50)),
        100 / 3,
      ),
    ];
    for (const share of shares) {
      expect(share).toBeGreaterThan(0.91);
      expect(share).toBeLessThan(0.98);
    }
  });

  it('holds the mean of values that are alike within their group, where values taken for independent miss it', () => {
    const clustered = (random: () => number): number[][] =>
      Array.from({ length: 40 }, () => {
        const prompt = 100 * random();
        return Array.from({ length: 5 }, () => prompt + 10 * random() - 5);
      });
    expect(coverage(clustered, 50)).toBeGreaterThan(0.91);
    expect(coverage((random) => clustered(random).flatMap((group) => group.map((value) => [value])), 50)).toBeLessThan(
      0.8,
    );
    const groups = clustered(uniform(1));
    const [whole, naive] = [estimate(groups, RESAMPLING), estimateMean(groups.flat(), RESAMPLING)];
    expect(whole.mean).toBeCloseTo(naive.mean!, 9);
    expect(whole.high! - whole.low!).toBeGreaterThan(1.5 * (naive.high! - naive.low!));
  });
});

describe('resample', () => {
  it('draws the same groups for all measures', () => {
    const values = Array.from({ length: 30 }, (_, index) => [(index * 37) % 101]);
    const opposite = values.map(([value]) => [100 - value!]);
    const [one, other] = resample([values, opposite], RESAMPLING);
    expect(toEstimate(averageOf(one!, other!))).toMatchObject({ mean: 50, n: 30 });
    const { low, high } = toEstimate(averageOf(one!, other!));
    expect(high! - low!).toBeLessThan(1e-9);
  });

  it('takes the average of two means though some groups have only one of them', () => {
    const [length, quality] = resample(
      [
        [[100], [50], [0]],
        [[80], [], [40]],
      ],
      RESAMPLING,
    );
    expect(toEstimate(averageOf(length!, quality!))).toMatchObject({ mean: 55, n: 2 });
    const [some, none] = resample(
      [
        [[100], [50]],
        [[], []],
      ],
      RESAMPLING,
    );
    expect(toEstimate(averageOf(some!, none!))).toEqual({ mean: null, n: 0, low: null, high: null });
  });

  it('leaves out the resamples that drew no value, and gives no nonsense', () => {
    const rare = estimate([[60], ...Array.from({ length: 20 }, () => [])], RESAMPLING);
    expect(rare).toEqual({ mean: 60, n: 1, low: 60, high: 60 });
  });
});

describe('quantile', () => {
  // As NumPy's numpy.quantile has them.
  it.each([
    [[1, 2, 3, 4], 0.25, 1.75],
    [[1, 2, 3, 4], 0.5, 2.5],
    [[7], 0.975, 7],
    [[0, 10], 0.025, 0.25],
  ])('of %j at %f is %f', (sorted, share, value) => {
    expect(quantile(sorted, share)).toBeCloseTo(value, 12);
  });
});
