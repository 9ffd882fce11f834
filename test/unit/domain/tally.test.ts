import { describe, expect, it } from 'vitest';
import { NO_SPENDING } from '../../../domain/cost.ts';
import { addCounts, countsOf, NO_ITEMS } from '../../../domain/tally.ts';

const spending = NO_SPENDING;

describe('addCounts', () => {
  it('adds up every way in which items came out', () => {
    const all = [
      countsOf({ verdict: 'kept', words: 5, spending }),
      countsOf({ verdict: 'kept', words: 7, spending }),
      countsOf({ verdict: 'rejected', reason: 'too-short', words: 1, spending }),
      countsOf({ verdict: 'failed', type: 'Model.BadRequest', spending }),
      countsOf({ verdict: 'failed', type: 'Model.BadRequest', spending }),
    ].reduce(addCounts, NO_ITEMS);
    expect(all).toEqual({
      ...NO_ITEMS,
      kept: 2,
      words: 12,
      rejected: { 'too-short': 1 },
      failed: { 'Model.BadRequest': 2 },
    });
  });

  it('keeps the smallest of what could not begin, and knows none from free', () => {
    const unpaid = (items: number, least: number) => ({ ...NO_ITEMS, unpaid: { items, least } });
    expect(addCounts(unpaid(2, 30), unpaid(1, 20)).unpaid).toEqual({ items: 3, least: 20 });
    expect(addCounts(NO_ITEMS, unpaid(1, 20)).unpaid).toEqual({ items: 1, least: 20 });
  });
});
