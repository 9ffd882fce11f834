import { readPaid, type Paid } from '../activities/io/store/ledger.ts';
import type { Store } from '../activities/io/store/store.ts';
import type { RunConfig } from '../configs/schema.ts';

/** Milliseconds for which a sum of the ledger is good enough for eyes, at least. */
const KEPT_MS = 10_000;

/** A sum is kept for so many times as long as it took: a bucket's listing may take seconds. */
const KEPT_TIMES = 10;

const sums = new Map<string, { until: number; readonly paid: Promise<Paid> }>();

/**
 * What a run has paid for, samples in progress included, by its ledger; whoever follows a run has it added up once in a while.
 *
 * @param paidMs milliseconds after which what was added up by then has to do; no limit where unset
 */
export function paidSoFar(store: Store, run: string, config: RunConfig, paidMs = Infinity): Promise<Paid> {
  const known = sums.get(run);
  if (known && Date.now() < known.until) return known.paid;
  const startedAt = Date.now();
  const entry = { until: Infinity, paid: readPaid(store, run, config, startedAt + paidMs) };
  sums.set(run, entry);
  const keep = () => (entry.until = Date.now() + Math.max(KEPT_MS, KEPT_TIMES * (Date.now() - startedAt)));
  return entry.paid.finally(keep);
}
