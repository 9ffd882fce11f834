import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  aboutTokens,
  addCosts,
  amountOf,
  budgetOf,
  callCost,
  formatAmount,
  formatCost,
  mostTokens,
  NO_COST,
  priceOf,
  shortNumber,
  type Prices,
} from '../../../domain/cost.ts';

const usage = { promptTokens: 1_000_000, cachedTokens: 400_000, completionTokens: 200_000 };
const prices: Prices = {
  prices: { 'openai/gpt': { prompt: 2.5, cached: 1.25, completion: 10 }, served: { prompt: 1, completion: 2 } },
};

describe('callCost', () => {
  it('counts cached tokens at their own price, the others of the prompt at the full one', () => {
    expect(callCost(usage, priceOf(prices, 'openai/gpt'))).toEqual({ calls: 1, ...usage, dollars: 1.5 + 0.5 + 2 });
  });

  it('takes a model without a price as free, and one that the run serves by the name served', () => {
    expect(callCost(usage, priceOf(prices, 'openai/free')).dollars).toBe(0);
    expect(priceOf(prices, 'ab'.repeat(32))).toEqual({ prompt: 1, cached: 1, completion: 2 });
  });
});

describe('addCosts', () => {
  it('adds up whatever the order, and nothing is nothing', () => {
    const cost = fc.record({
      calls: fc.nat(9),
      promptTokens: fc.nat(9999),
      cachedTokens: fc.nat(9999),
      completionTokens: fc.nat(9999),
      dollars: fc.nat(999),
    });
    fc.assert(
      fc.property(cost, cost, (a, b) => {
        expect(addCosts(a, b)).toEqual(addCosts(b, a));
        expect(addCosts(a, NO_COST)).toEqual(a);
      }),
    );
  });
});

describe('a budget', () => {
  it('is in dollars or in tokens, prompts and answers together', () => {
    const cost = callCost(usage, priceOf(prices, 'openai/gpt'));
    expect(amountOf(cost, budgetOf({ dollars: 5 })!.unit)).toBe(4);
    expect(amountOf(cost, budgetOf({ tokens: 5 })!.unit)).toBe(1_200_000);
    expect(budgetOf(undefined)).toBeUndefined();
  });
});

describe('what people read', () => {
  it('names money where there is a price, and the share of the cache', () => {
    expect(formatCost(callCost(usage, priceOf(prices, 'openai/gpt')))).toBe(
      '$4.00, 1.0M tokens in (40 % cached), 200k out',
    );
    expect(formatCost(NO_COST)).toBe('0 tokens in, 0 out');
    expect(formatAmount(0.0123, 'dollars')).toBe('$0.0123');
    expect(formatAmount(2_000_000, 'tokens')).toBe('2,000,000 tokens');
    expect([999, 1000, 99_950, 123_456, 1_500_000].map(shortNumber)).toEqual(['999', '1.0k', '100.0k', '123k', '1.5M']);
  });
});

describe('token estimates', () => {
  it('an upper bound is above what is likely, for Chinese and for English', () => {
    for (const text of [
      'The harbour lay still under a low grey sky. '.repeat(50),
      '港口在低垂的灰色天空下一片寂静。'.repeat(50),
    ]) {
      expect(mostTokens(text)).toBeGreaterThan(aboutTokens(text) * 1.4);
    }
  });
});
