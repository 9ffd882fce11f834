import type { Cost, Spending, Usage } from './schemas/call.ts';

/** What a model's tokens cost, in dollars a million. */
export interface Price {
  readonly prompt: number;
  /** Prompt tokens that came from the provider's cache. */
  readonly cached: number;
  readonly completion: number;
}

/** What a run may spend, in the unit that its configuration names. */
export interface Budget {
  readonly unit: 'dollars' | 'tokens';
  readonly amount: number;
}

/** The budget that a configuration gives, in one of two units. */
export function budgetOf(
  given: { readonly dollars?: number | undefined; readonly tokens?: number | undefined } | undefined,
): Budget | undefined {
  if (given?.dollars !== undefined) return { unit: 'dollars', amount: given.dollars };
  return given?.tokens === undefined ? undefined : { unit: 'tokens', amount: given.tokens };
}

/** What a configuration says of prices. */
export interface Prices {
  readonly prices: Readonly<
    Record<string, { readonly prompt: number; readonly cached?: number | undefined; readonly completion: number }>
  >;
}

/** The price of a model by its identity, where it has one; one that is known by its weights goes by `served`. */
export function priceOf({ prices }: Prices, identity: string): Price | undefined {
  const price = prices[identity] ?? (isWeights(identity) ? prices['served'] : undefined);
  return price && { ...price, cached: price.cached ?? price.prompt };
}

/** Whether a model is known by its weights, by their hash or hub name, as one that a run trained or serves itself is. */
export const isWeights = (identity: string): boolean => /^(?:[0-9a-f]{64}$|hub:)/.test(identity);

const FREE: Price = { prompt: 0, cached: 0, completion: 0 };

/** No calls at all. */
export const NO_COST: Cost = { calls: 0, promptTokens: 0, cachedTokens: 0, completionTokens: 0, dollars: 0 };

/** No calls at all, used or paid. */
export const NO_SPENDING: Spending = { used: NO_COST, paid: NO_COST, fresh: NO_COST };

/** What one call costs; a model without a price costs no dollars. */
export function callCost(usage: Usage, price: Price = FREE): Cost {
  const { promptTokens, cachedTokens, completionTokens } = usage;
  const fresh = promptTokens - cachedTokens;
  const millionths = fresh * price.prompt + cachedTokens * price.cached + completionTokens * price.completion;
  return { calls: 1, promptTokens, cachedTokens, completionTokens, dollars: millionths / 1e6 };
}

/** The sum of costs. */
export function addCosts(...costs: readonly Cost[]): Cost {
  const sum = (key: keyof Cost): number => costs.reduce((total, cost) => total + cost[key], 0);
  return {
    calls: sum('calls'),
    promptTokens: sum('promptTokens'),
    cachedTokens: sum('cachedTokens'),
    completionTokens: sum('completionTokens'),
    dollars: sum('dollars'),
  };
}

/** The sum of spendings. */
export function addSpendings(...spendings: readonly Spending[]): Spending {
  return {
    used: addCosts(...spendings.map(({ used }) => used)),
    paid: addCosts(...spendings.map(({ paid }) => paid)),
    fresh: addCosts(...spendings.map(({ fresh }) => fresh)),
  };
}

/** A cost in the unit of a budget: dollars, or tokens (prompt and completion). */
export function amountOf(cost: Cost, unit: Budget['unit']): number {
  return unit === 'dollars' ? cost.dollars : cost.promptTokens + cost.completionTokens;
}

/** An amount as people read it, such as `$12.30` or `2,000,000 tokens`. */
export function formatAmount(amount: number, unit: Budget['unit']): string {
  return unit === 'dollars'
    ? `$${amount.toFixed(amount < 1 ? 4 : 2)}`
    : `${Math.round(amount).toLocaleString('en')} tokens`;
}

/** A cost in a few words: tokens, the share of the prompt that came from a cache, and dollars where the model has a price. */
export function formatCost({ promptTokens, cachedTokens, completionTokens, dollars }: Cost): string {
  const cached = promptTokens > 0 ? ` (${Math.round((100 * cachedTokens) / promptTokens)} % cached)` : '';
  const money = dollars > 0 ? `${formatAmount(dollars, 'dollars')}, ` : '';
  return `${money}${shortNumber(promptTokens)} tokens in${cached}, ${shortNumber(completionTokens)} out`;
}

/** A count in at most five characters, such as `950`, `12.3k` or `4.5M`. */
export function shortNumber(count: number): string {
  if (count < 1000) return String(count);
  return count < 1e6
    ? `${(count / 1e3).toFixed(count < 1e5 ? 1 : 0)}k`
    : `${(count / 1e6).toFixed(count < 1e8 ? 1 : 0)}M`;
}

const NOT_ASCII = /[\u0080-\uffff]/g;

/**
 * Tokens that a text surely does not exceed: half of its ASCII characters, and two for any other. Byte-pair vocabularies
 * need about a quarter of the former and one to two of the latter; used for reservations and windows, never for costs.
 */
export function mostTokens(text: string): number {
  const others = text.match(NOT_ASCII)?.length ?? 0;
  return Math.ceil((text.length - others) / 2) + 2 * others;
}

/** About how many tokens a text has; good enough to foresee that a window fills, since the endpoint has the last word. */
export function aboutTokens(text: string): number {
  const others = text.match(NOT_ASCII)?.length ?? 0;
  return Math.ceil((text.length - others) / 3.8 + 1.2 * others);
}
