import { ledgerFolder } from '../../../domain/keys.ts';
import { addCosts, callCost, priceOf, type Prices } from '../../../domain/cost.ts';
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

/** What a ledger adds up to. */
export interface Paid {
  readonly cost: Cost;
  /** Models without a price. */
  readonly unpriced: ReadonlySet<string>;
  /** Whether all entries were read; else the run paid at least this much. */
  readonly isWhole: boolean;
}

/**
 * What a run has paid for, in all stages and under all of its configurations, at the prices of one, and who has none.
 *
 * @param until the time, in milliseconds since 1970, at which what was read by then has to do; no limit where unset
 */
export async function readPaid(store: Store, run: string, prices: Prices, until = Infinity): Promise<Paid> {
  const folder = ledgerFolder(run);
  // A ledger has an entry for each call: tokens are summed as numbers, and priced once for each model.
  const models = new Map<string, { calls: number; tokens: [prompt: number, cached: number, completion: number] }>();
  let isWhole = true;
  for await (const path of store.list(folder)) {
    if (Date.now() > until) {
      isWhole = false;
      break;
    }
    const [model = '', name = ''] = path.slice(folder.length + 1).split('/');
    const [, prompt = '0', cached = '0', completion = '0'] = name.split('-');
    let sum = models.get(model);
    if (!sum) models.set(model, (sum = { calls: 0, tokens: [0, 0, 0] }));
    sum.calls++;
    sum.tokens[0] += Number(prompt);
    sum.tokens[1] += Number(cached);
    sum.tokens[2] += Number(completion);
  }
  const unpriced = new Set<string>();
  const costs = [...models].map(([model, { calls, tokens }]) => {
    const identity = decodeURIComponent(model);
    const price = priceOf(prices, identity);
    if (!price) unpriced.add(identity);
    const [promptTokens, cachedTokens, completionTokens] = tokens;
    return { ...callCost({ promptTokens, cachedTokens, completionTokens }, price), calls };
  });
  return { cost: addCosts(...costs), unpriced, isWhole };
}
