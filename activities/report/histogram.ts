import { extent } from './format.ts';

/** Bins of equal, round width, each from `from` up to, not including, `to`: fewer for few values, and at most 12. */
export function histogram(values: readonly number[]): { from: number; to: number; count: number }[] {
  const [low, high] = extent(values);
  const most = Math.min(12, Math.max(5, Math.ceil(2 * Math.cbrt(values.length))));
  const widths = Array.from({ length: 6 }, (_, power) => [1, 2, 5].map((step) => step * 10 ** (power + 1))).flat();
  const width = widths.find((candidate) => Math.floor(high / candidate) - Math.floor(low / candidate) < most) ?? high;
  const first = Math.floor(low / width);
  return Array.from({ length: Math.floor(high / width) - first + 1 }, (_, index) => {
    const from = (first + index) * width;
    return { from, to: from + width, count: values.filter((value) => value >= from && value < from + width).length };
  });
}
