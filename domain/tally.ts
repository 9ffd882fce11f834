import { addSpendings, NO_SPENDING } from './cost.ts';
import type { Spending } from './schemas/call.ts';

/** What became of one item of a partition: a sample, a completion or a judgement. */
export type ItemResult = { readonly words?: number; readonly spending: Spending } & (
  | { readonly verdict: 'kept' }
  | { readonly verdict: 'rejected'; readonly reason: string }
  | { readonly verdict: 'failed'; readonly type: string }
);

/** How many items of a partition, or of a stage, came out how, and what they took. */
export interface ItemCounts {
  readonly kept: number;
  /** By reason. */
  readonly rejected: Readonly<Record<string, number>>;
  /** By failure type. */
  readonly failed: Readonly<Record<string, number>>;
  /** Words of what was kept. */
  readonly words: number;
  readonly spending: Spending;
  /** Items that the budget did not let begin, and what the smallest of them may cost at most. */
  readonly unpaid: { readonly items: number; readonly least: number };
}

/** No items at all. */
export const NO_ITEMS: ItemCounts = {
  kept: 0,
  rejected: {},
  failed: {},
  words: 0,
  spending: NO_SPENDING,
  unpaid: { items: 0, least: 0 },
};

/** One item's result as counts. */
export function countsOf(result: ItemResult): ItemCounts {
  const { spending, words = 0 } = result;
  if (result.verdict === 'kept') return { ...NO_ITEMS, kept: 1, words, spending };
  if (result.verdict === 'rejected') return { ...NO_ITEMS, rejected: { [result.reason]: 1 }, spending };
  return { ...NO_ITEMS, failed: { [result.type]: 1 }, spending };
}

/** The counts of two sets of items together. */
export function addCounts(a: ItemCounts, b: ItemCounts): ItemCounts {
  const { unpaid: one } = a;
  const { unpaid: other } = b;
  return {
    kept: a.kept + b.kept,
    rejected: merge(a.rejected, b.rejected),
    failed: merge(a.failed, b.failed),
    words: a.words + b.words,
    spending: addSpendings(a.spending, b.spending),
    unpaid: {
      items: one.items + other.items,
      least: one.items > 0 && other.items > 0 ? Math.min(one.least, other.least) : one.least + other.least,
    },
  };
}

function merge(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): Record<string, number> {
  const sum = { ...a };
  for (const [key, count] of Object.entries(b)) sum[key] = (sum[key] ?? 0) + count;
  return sum;
}

/** Reasons that are told apart in progress; the rest of them are counted as `other`. */
const MOST_REASONS = 8;

/** Why items were rejected or failed, with their counts: the most frequent reasons, at most nine in all. */
export function reasonsOf({ rejected, failed }: Pick<ItemCounts, 'rejected' | 'failed'>): Record<string, number> {
  return addReasons(rejected, failed);
}

/** Reasons of several parts together, bounded as those of one are. */
export function addReasons(...parts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const { other: others = 0, ...named } = parts.reduce<Record<string, number>>(merge, {});
  const sorted = Object.entries(named).toSorted(([, one], [, another]) => another - one);
  const other = sorted.slice(MOST_REASONS).reduce((sum, [, count]) => sum + count, others);
  return Object.fromEntries([...sorted.slice(0, MOST_REASONS), ...(other > 0 ? [['other', other] as const] : [])]);
}
