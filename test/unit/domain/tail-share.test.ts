import { describe, expect, it } from 'vitest';
import { tailShare } from '../../../domain/tail-share.ts';

describe('tailShare', () => {
  // 1 − NormalDist().cdf(√(n/(n−1)) t), by Python's statistics module, with t of n − 1 degrees of freedom at 0.975 from tables.
  it.each([
    [5, 0.000954],
    [6, 0.002432],
    [8, 0.005738],
    [12, 0.010757],
    [20, 0.015881],
    [60, 0.021802],
    [120, 0.023384],
  ])('of %i groups is %f', (groups, share) => {
    expect(tailShare(groups)).toBeCloseTo(share, 5);
  });

  it('leaves less out at each end the more intervals are to hold at once', () => {
    expect(tailShare(1e7, 3)).toBeCloseTo(0.025 / 3, 6);
    expect(tailShare(1e7, 6)).toBeCloseTo(0.025 / 6, 6);
    expect(tailShare(40, 3)).toBeLessThan(tailShare(40) / 3);
  });

  it('is nothing of one group, next to nothing of two, and comes to 0.025 of many', () => {
    expect(tailShare(1)).toBe(0);
    expect(tailShare(2)).toBeLessThan(1e-9);
    expect(tailShare(1e7)).toBeCloseTo(0.025, 6);
  });
});
