import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fileStore } from '../../activities/io/store/file.ts';
import { enterPaid, readPaid } from '../../activities/io/store/ledger.ts';
import type { Store } from '../../activities/io/store/store.ts';

const PRICES = { prices: { 'openai/a': { prompt: 10, cached: 1, completion: 20 } } };

describe('what a run paid for', () => {
  let folder: string;
  let store: Store;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'longwriter-paid-'));
    store = fileStore(folder);
    for (const [index, model] of ['openai/a', 'openai/a', 'openai/b'].entries())
      await enterPaid(store, {
        ...{ run: 'r', fingerprint: String(index).repeat(64), model },
        answer: {
          text: '',
          finishReason: 'stop',
          usage: { promptTokens: 1000, cachedTokens: 500, completionTokens: 200 },
        },
      });
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('is the sum of its ledger, each model at its price', async () => {
    const { cost, unpriced, isWhole } = await readPaid(store, 'r', PRICES);
    expect(cost).toEqual({
      ...{ calls: 3, promptTokens: 3000, cachedTokens: 1500, completionTokens: 600 },
      // Twice: 500 × $10, 500 × $1 and 200 × $20, a million.
      dollars: expect.closeTo(0.019),
    });
    expect([[...unpriced], isWhole]).toEqual([['openai/b'], true]);
  });

  it('is told as a part where there was no time for the rest', async () => {
    const { cost, isWhole } = await readPaid(store, 'r', PRICES, Date.now() - 1);
    expect([cost.calls, isWhole]).toEqual([0, false]);
  });
});
