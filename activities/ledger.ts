import type { RunConfig } from '../configs/schema.ts';
import { addCosts, amountOf, callCost, formatAmount, NO_COST, type Budget, type Price } from '../domain/cost.ts';
import { ledgerFolder } from '../domain/keys.ts';
import type { Call, Cost, Spending, Usage } from '../domain/schemas/call.ts';
import type { ActivityDeps } from './deps.ts';
import { failure } from './failures.ts';
import { whileBeating } from './heartbeat.ts';
import type { Store } from './io/store/store.ts';
import type { RunReference } from './run-files.ts';

/** What a call took, and whether this run paid for it: a call is paid by the run that stored it. */
export function spendingOf(config: RunConfig, run: string, call: Call): Spending {
  const used = callCost(call.answer.usage, priceOf(config, call.request.model));
  return { used, paid: call.run === run ? used : NO_COST };
}

/** The price of a model by its identity; a model that this pipeline serves itself goes by `served`. */
function priceOf({ prices, endpoints }: RunConfig, model: string): Price | undefined {
  const own = [endpoints.writer, endpoints.judge].some((one) => `${one.provider}/${one.model}` === model);
  const price = prices[model] ?? (own ? undefined : prices['served']);
  return price && { ...price, cached: price.cached ?? price.prompt };
}

/**
 * Enters a call that a run paid for into its ledger. All that it says stands in the name, so that a listing adds it up;
 * entered twice, it is one entry.
 */
export async function enterPaid(store: Store, call: Call): Promise<void> {
  const { promptTokens, cachedTokens, completionTokens } = call.answer.usage;
  const name = [call.fingerprint.slice(0, 32), promptTokens, cachedTokens, completionTokens].join('-');
  const model = encodeURIComponent(call.request.model);
  await store.createIfAbsent(`${ledgerFolder(call.run)}/${model}/${name}`, new Uint8Array());
}

/** What a run has paid for, in all stages and under all of its configurations. */
export async function readLedger(store: Store, run: string, config: RunConfig): Promise<Cost> {
  let total = NO_COST;
  const folder = ledgerFolder(run);
  for await (const path of store.list(folder)) {
    const [model = '', name = ''] = path.slice(folder.length + 1).split('/');
    const [promptTokens = 0, cachedTokens = 0, completionTokens = 0] = name.split('-').slice(1).map(Number);
    const usage: Usage = { promptTokens, cachedTokens, completionTokens };
    total = addCosts(total, callCost(usage, priceOf(config, decodeURIComponent(model))));
  }
  return total;
}

export interface AskAllowanceInput extends RunReference {
  /** What the smallest piece of work may cost at most, in the budget's unit. */
  readonly needed: number;
  /** Pieces of work that are left. */
  readonly left: number;
}

/**
 * What a run may still spend, in its budget's unit; undefined where it has none. Waits while the run is paused. Fails with
 * Budget.Reached, having paused the run, where that is less than what is needed.
 */
export function askAllowance(deps: ActivityDeps, input: AskAllowanceInput): Promise<{ readonly allowance?: number }> {
  return whileBeating(async (signal) => {
    const config = await deps.files.config(input);
    const budget = budgetOf(config);
    if (!budget) return {};
    await deps.gate.waitUntilOpen(input.run, signal);
    const spent = amountOf(await readLedger(deps.store, input.run, config), budget.unit);
    const allowance = budget.amount - spent;
    if (allowance > 0 && allowance >= input.needed) return { allowance };
    const type = 'Budget.Reached';
    const say = (amount: number) => formatAmount(amount, budget.unit);
    const message =
      `${say(spent)} of ${say(budget.amount)} are spent, and ${input.left} items are left, the smallest of which may ` +
      `take up to ${say(input.needed)}; longwriter resume ${input.run} --budget AMOUNT goes on`;
    await deps.gate.pause(input.run, { type, message });
    throw failure(type, message);
  });
}

/** The budget of a configuration. */
export function budgetOf({ budget }: RunConfig): Budget | undefined {
  if (budget?.dollars !== undefined) return { unit: 'dollars', amount: budget.dollars };
  return budget?.tokens === undefined ? undefined : { unit: 'tokens', amount: budget.tokens };
}
