import { ledgerFolder } from '../../../domain/keys.ts';
import { addCosts, callCost, NO_COST, priceOf, type Prices } from '../../../domain/cost.ts';
import type { Call, Cost } from '../../../domain/schemas/call.ts';
import type { Store } from './store.ts';

/**
 * Enters a call into the ledger of the run that paid for it. All that an entry says stands in its name, so that a listing
 * adds a ledger up; entered twice, it is one entry.
 */
export async function enterPaid(
  store: Store,
  { run, fingerprint, model, answer }: Pick<Call, 'run' | 'fingerprint' | 'answer'> & { readonly model: string },
): Promise<void> {
  const { promptTokens, cachedTokens, completionTokens } = answer.usage;
  const name = [fingerprint.slice(0, 32), promptTokens, cachedTokens, completionTokens].join('-');
  await store.createIfAbsent(`${ledgerFolder(run)}/${encodeURIComponent(model)}/${name}`, new Uint8Array());
}

/** What a run has paid for, in all stages and under all of its configurations, at the prices of one, and who has none. */
export async function readPaid(
  store: Store,
  run: string,
  prices: Prices,
): Promise<{ readonly cost: Cost; readonly unpriced: ReadonlySet<string> }> {
  const folder = ledgerFolder(run);
  let cost = NO_COST;
  const unpriced = new Set<string>();
  for await (const path of store.list(folder)) {
    const [model = '', name = ''] = path.slice(folder.length + 1).split('/');
    const [promptTokens = 0, cachedTokens = 0, completionTokens = 0] = name.split('-').slice(1).map(Number);
    const usage = { promptTokens, cachedTokens, completionTokens };
    const identity = decodeURIComponent(model);
    const price = priceOf(prices, identity);
    if (!price) unpriced.add(identity);
    cost = addCosts(cost, callCost(usage, price));
  }
  return { cost, unpriced };
}
