import type { Estimate } from './schemas/evaluation.ts';

/** The mean of some numbers, with its n; without an interval yet. */
export function estimateMean(values: readonly number[]): Estimate {
  const mean = values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
  return { mean, n: values.length, low: null, high: null };
}
