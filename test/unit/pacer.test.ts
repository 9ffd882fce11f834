import { setMaxListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { makePacer, type Pacer, type Turn } from '../../activities/pacer.ts';
import type { Rank } from '../../activities/turn-queue.ts';
import { evenRow, noLimit, simulate, slidingWindow, sleep, tokenBucket, type Limiter } from './simulated-endpoints.ts';

const never = new AbortController().signal;
setMaxListeners(0, never);

const rank = { urgency: 3, run: 'demo', priority: 0 };

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Starts calls that take 100 ms each; the times at which they begin, milliseconds from now, are added as they do. */
function offer(pacer: Pacer, calls: number, each: (turn: Turn, index: number) => void = () => undefined): number[] {
  const startedAt = performance.now();
  const begun: number[] = [];
  for (let index = 0; index < calls; index++) {
    void pacer.run(
      async (turn) => {
        begun.push(performance.now() - startedAt);
        await sleep(100);
        each(turn, index);
      },
      { signal: never, rank },
    );
  }
  return begun;
}

/** The most events in any stretch of so many milliseconds. */
function mostWithin(times: readonly number[], ms: number): number {
  return Math.max(...times.map((from) => times.filter((time) => time >= from && time < from + ms).length));
}

describe('a hidden limit', () => {
  // Of ten a second each. Seconds: 26 is what we want; where no burst is allowed, what was measured, and some room.
  const kinds: [string, () => Limiter, number][] = [
    ['a bucket', () => tokenBucket(10, 10), 26],
    ['a sliding window', () => slidingWindow(10), 28.5],
    ['an even row', () => evenRow(10), 33],
  ];

  test.each(kinds)(
    '%s: 240 calls take at most 250 requests, and not much more than their 24 s',
    async (_name, limiter, seconds) => {
      const outcome = await simulate({ pacer: makePacer({ inFlight: 8 }), limiter: limiter(), calls: 240 });
      expect(outcome.answered).toBe(240);
      expect(outcome.requests.length).toBeLessThanOrEqual(250);
      expect(outcome.seconds).toBeLessThanOrEqual(seconds);
    },
  );

  test.each(kinds)('%s: refusals that take 100 ms to arrive cost little more', async (_name, limiter, seconds) => {
    const pacer = makePacer({ inFlight: 8 });
    const outcome = await simulate({ pacer, limiter: limiter(), calls: 240, refusalMs: 100 });
    expect(outcome.requests.length).toBeLessThanOrEqual(250);
    expect(outcome.seconds).toBeLessThanOrEqual(seconds + 1);
  });

  test.each(kinds)('%s: over five minutes nearly all of it is used, and few are refused', async (_name, limiter) => {
    const pacer = makePacer({ inFlight: 8 });
    const outcome = await simulate({ pacer, limiter: limiter(), calls: 3000, refusalMs: 50 });
    expect(300 / outcome.seconds).toBeGreaterThanOrEqual(0.92);
    expect(outcome.refused / outcome.requests.length).toBeLessThanOrEqual(0.01);
  });

  test('refusals by chance, one in twenty, close the gate each time but do not add up to a standstill', async () => {
    let asked = 0;
    const limiter: Limiter = () => ++asked % 20 !== 7;
    const outcome = await simulate({ pacer: makePacer({ inFlight: 8 }), limiter, calls: 480 });
    expect(outcome.answered / outcome.seconds).toBeGreaterThanOrEqual(3.5);
  });

  test('a limit that drops to two a second is found again', async () => {
    const [before, after] = [tokenBucket(10, 10), tokenBucket(2, 2)];
    const limiter: Limiter = (now) => (now < 20_000 ? before(now) : after(now));
    const outcome = await simulate({ pacer: makePacer({ inFlight: 8 }), limiter, calls: 320 });
    expect(outcome.seconds).toBeLessThanOrEqual(88);
    expect(outcome.refused).toBeLessThanOrEqual(20);
  });
});

describe('a refusal', () => {
  test('closes the gate: no call begins until Retry-After, and then not all at once', async () => {
    const pacer = makePacer({ inFlight: 8 });
    const begun = offer(pacer, 30, (turn, index) => index === 3 && turn.limited(3000));
    await vi.advanceTimersByTimeAsync(3099);
    expect(begun.length).toBeGreaterThanOrEqual(8);
    expect(begun.every((time) => time <= 100)).toBe(true);
    const before = begun.length;
    await vi.advanceTimersByTimeAsync(2);
    expect(begun.length).toBe(before + 1);
  });

  test('without a Retry-After closes it for five seconds', async () => {
    const begun = offer(makePacer({ inFlight: 1 }), 2, (turn, index) => index === 0 && turn.limited(undefined));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(begun).toEqual([0, 5100]);
  });

  test('with a Retry-After of nothing slows down without a pause', async () => {
    const begun = offer(makePacer({ inFlight: 8 }), 40, (turn, index) => index === 0 && turn.limited(0));
    await vi.advanceTimersByTimeAsync(5000);
    expect(begun.length).toBe(40);
  });

  test('of calls in flight together lowers the rate once, however late the others hear of theirs', async () => {
    /** When twenty calls have begun, of which the first eight hear of a refusal. */
    const lastBegun = async (refusals: number, lateMs: number) => {
      const pacer = makePacer({ inFlight: 100 });
      const gone = offer(pacer, 50);
      for (let index = 0; index < refusals; index++) {
        void pacer.run(
          async (turn) => {
            await sleep(50 + index * lateMs);
            turn.limited(Math.max(0, 1000 - index * lateMs));
          },
          { signal: never, rank },
        );
      }
      await vi.advanceTimersByTimeAsync(2000);
      expect(gone.length).toBe(50);
      const begun = offer(pacer, 20);
      await vi.advanceTimersByTimeAsync(20_000);
      return begun.at(-1) ?? Number.NaN;
    };
    const [one, eight, late] = [await lastBegun(1, 0), await lastBegun(8, 0), await lastBegun(8, 300)];
    expect(eight).toBeLessThan(one * 1.2);
    expect(late).toBeLessThan(one * 1.2);
  });

  test('alone, of an endpoint without a limit, is forgotten within a minute', async () => {
    for (const strayAt of [1, 400]) {
      let asked = 0;
      const limiter: Limiter = () => ++asked !== strayAt;
      const { requests } = await simulate({ pacer: makePacer({ inFlight: 8 }), limiter, calls: 4000 });
      const refusedAt = requests[strayAt - 1] ?? Number.NaN;
      const inLaterSecond = requests.filter((time) => time >= refusedAt + 60_000 && time < refusedAt + 61_000);
      expect(inLaterSecond.length).toBe(40);
    }
  });

  test('after hours with little to do does not make the rate tiny', async () => {
    const pacer = makePacer({ inFlight: 8 });
    for (let index = 0; index < 100; index++) {
      offer(pacer, 1);
      await vi.advanceTimersByTimeAsync(60_000);
    }
    const outcome = await simulate({ pacer, limiter: tokenBucket(10, 10), calls: 240 });
    expect(outcome.requests.length).toBeLessThanOrEqual(250);
    expect(outcome.seconds).toBeLessThanOrEqual(26);
  });

  test('of every call leaves one tried at each reopening, and never none', async () => {
    const pacer = makePacer({ inFlight: 8 });
    const limiter: Limiter = (now) => now >= 60_000;
    const outcome = await simulate({ pacer, limiter, calls: 50 });
    expect(outcome.answered).toBe(50);
    expect(outcome.refused).toBeLessThanOrEqual(80);
    expect(outcome.seconds).toBeLessThanOrEqual(120);
  });
});

describe('limits that are known', () => {
  test('none but those in flight: nothing is lost', async () => {
    const outcome = await simulate({ pacer: makePacer({ inFlight: 8 }), limiter: noLimit, calls: 240 });
    expect(outcome.seconds).toBeCloseTo(6, 5);
  });

  test('requests a minute begin evenly spaced, without a burst', async () => {
    const pacer = makePacer({ inFlight: 8, requestsPerMinute: 600 });
    const outcome = await simulate({ pacer, limiter: evenRow(10), calls: 240 });
    expect(outcome.refused).toBe(0);
    expect(outcome.seconds).toBeLessThanOrEqual(24.2);
  });

  test('requests a minute hold after a refusal too', async () => {
    const pacer = makePacer({ inFlight: 8, requestsPerMinute: 6 });
    const begun = offer(pacer, 3, (turn, index) => index === 0 && turn.limited(1000));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(begun[1]).toBeGreaterThanOrEqual(10_000);
    expect((begun[2] ?? 0) - (begun[1] ?? 0)).toBeGreaterThanOrEqual(10_000);
  });

  test('tokens a minute are held from the first minute on, and used', async () => {
    const pacer = makePacer({ inFlight: 8, tokensPerMinute: 60_000 });
    const { requests, seconds } = await simulate({
      pacer,
      limiter: noLimit,
      calls: 150,
      latencyMs: 3000,
      tokens: 2000,
    });
    expect(mostWithin(requests, 60_000) * 2000).toBeLessThanOrEqual(62_000);
    expect(seconds).toBeLessThanOrEqual(150 * 2 + 3);
  });

  test('a failed call gives its tokens back', async () => {
    const pacer = makePacer({ inFlight: 1, tokensPerMinute: 60_000 });
    const failing = pacer.run(() => sleep(10).then(() => Promise.reject(new Error('500'))), { signal: never, rank });
    const begun = offer(pacer, 1);
    const [outcome] = await Promise.all([failing.catch(String), vi.advanceTimersByTimeAsync(200)]);
    expect(outcome).toBe('Error: 500');
    expect(begun).toEqual([10]);
  });

  const paces = [['requests', { requestsPerMinute: 60 }] as const, ['tokens', { tokensPerMinute: 60_000 }] as const];

  test.each(paces)('%s a minute: turns that are given back delay nobody, and count as none', async (_name, limits) => {
    const pacer = makePacer({ inFlight: 2, ...limits });
    const spend = (turn: Turn) => turn.spent(1000);
    offer(pacer, 1, spend);
    for (let index = 0; index < 20; index++) {
      const giveBack = async (turn: Turn) => {
        await sleep(5);
        turn.unused();
      };
      void pacer.run(giveBack, { signal: never, rank: { ...rank, urgency: 1, run: 'paused' } });
    }
    const begun = offer(pacer, 3, spend);
    await vi.advanceTimersByTimeAsync(4000);
    expect(begun).toHaveLength(3);
    expect(begun[0]).toBeLessThanOrEqual(1250);
    expect(begun[2]! - begun[0]!).toBeGreaterThanOrEqual(1850);
  });

  test('a turn that is given back after a refusal leaves the next call the one that tries', async () => {
    const pacer = makePacer({ inFlight: 1 });
    offer(pacer, 1, (turn) => turn.limited(1000));
    await vi.advanceTimersByTimeAsync(200);
    void pacer.run(async (turn) => turn.unused(), { signal: never, rank });
    const begun = offer(pacer, 1);
    await vi.advanceTimersByTimeAsync(1000);
    expect(begun).toEqual([900]);
  });

  test('two workers that share an endpoint have half of each', async () => {
    const requests = makePacer({ inFlight: 8, requestsPerMinute: 600 });
    requests.share(2);
    const one = await simulate({ pacer: requests, limiter: noLimit, calls: 100 });
    expect(one.seconds).toBeCloseTo(20, 0);
    const tokens = makePacer({ inFlight: 8, tokensPerMinute: 60_000 });
    tokens.share(2);
    const two = await simulate({ pacer: tokens, limiter: noLimit, calls: 60, tokens: 2000 });
    expect(mostWithin(two.requests, 60_000) * 2000).toBeLessThanOrEqual(32_000);
    tokens.share(1);
    const all = await simulate({ pacer: tokens, limiter: noLimit, calls: 60, tokens: 2000 });
    expect(all.seconds).toBeLessThanOrEqual(two.seconds / 2 + 5);
  });
});

describe('the line', () => {
  /** Gives calls that all wait for the same place, in this order; returns their names in the order in which they began. */
  async function orderOf(calls: readonly (readonly [name: string, rank: Partial<Rank>])[]): Promise<string[]> {
    const pacer = makePacer({ inFlight: 1 });
    const order: string[] = [];
    const first = pacer.run(() => sleep(10), { signal: never, rank });
    const all = calls.map(([name, more]) =>
      pacer.run(
        async () => {
          order.push(name);
          await sleep(10);
        },
        { signal: never, rank: { ...rank, ...more } },
      ),
    );
    await vi.advanceTimersByTimeAsync(10 * (calls.length + 2));
    await Promise.all([first, ...all]);
    return order;
  }

  test('within a run lets a higher priority go first, and equal ones in order of arrival', async () => {
    const calls = (['b:0', 'c:2', 'd:1', 'e:2', 'f:0'] as const).map(
      (name) => [name, { priority: Number(name.slice(2)) }] as const,
    );
    expect(await orderOf(calls)).toEqual(['c:2', 'e:2', 'd:1', 'b:0', 'f:0']);
  });

  test('lets runs take turns, whichever has more calls waiting or came first', async () => {
    const order = await orderOf([
      ...['a1', 'a2', 'a3', 'a4', 'a5', 'a6'].map((name) => [name, { run: 'a', priority: 5 }] as const),
      ...['b1', 'b2', 'b3'].map((name) => [name, { run: 'b' }] as const),
      ['c1', { run: 'c' }],
    ]);
    expect(order).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3', 'b3', 'a4', 'a5', 'a6']);
  });

  test('lets an urgent run pass all that are less urgent', async () => {
    const order = await orderOf([
      ...['a1', 'a2', 'a3'].map((name) => [name, { run: 'a', urgency: 4 }] as const),
      ['b1', { run: 'b', urgency: 3 }],
      ...['c1', 'c2'].map((name) => [name, { run: 'c', urgency: 1 }] as const),
    ]);
    expect(order).toEqual(['c1', 'c2', 'b1', 'a1', 'a2', 'a3']);
  });

  test('gives a run with one call at a time every second turn, and no more, beside one with many', async () => {
    const pacer = makePacer({ inFlight: 1 });
    const order: string[] = [];
    const call = (run: string) =>
      pacer.run(
        async () => {
          order.push(run);
          await sleep(10);
        },
        { signal: never, rank: { ...rank, run } },
      );
    const many = Array.from({ length: 12 }, () => call('many'));
    const single = (async () => {
      for (let index = 0; index < 4; index++) await call('single');
    })();
    await vi.advanceTimersByTimeAsync(400);
    await Promise.all([...many, single]);
    expect(order.filter((run, index) => index < 9 && run === 'single')).toHaveLength(4);
    expect(order.join(' ')).not.toContain('single single');
  });

  test('gives a run that comes later no turns for the time it was not there', async () => {
    const early = Array.from({ length: 20 }, (_, index) => [`a${index}`, { run: 'a' }] as const);
    const pacer = makePacer({ inFlight: 1 });
    const order: string[] = [];
    const add = (name: string, run: string) =>
      pacer.run(
        async () => {
          order.push(name);
          await sleep(10);
        },
        { signal: never, rank: { ...rank, run } },
      );
    const all = early.map(([name]) => add(name, 'a'));
    await vi.advanceTimersByTimeAsync(100);
    order.length = 0;
    all.push(...['b0', 'b1', 'b2'].map((name) => add(name, 'b')));
    await vi.advanceTimersByTimeAsync(400);
    await Promise.all(all);
    expect(order.slice(0, 6).filter((name) => name.startsWith('b'))).toHaveLength(3);
    expect(order.join(' ')).not.toMatch(/b0 b1/);
  });

  test('forgets a call that is aborted while it waits, and fails it with the reason', async () => {
    const pacer = makePacer({ inFlight: 1 });
    const begun = offer(pacer, 1);
    const abort = new AbortController();
    const call = vi.fn<() => Promise<void>>(async () => undefined);
    const waiting = pacer.run(call, { signal: abort.signal, rank });
    const after = offer(pacer, 1);
    abort.abort(new Error('cancelled'));
    await expect(waiting).rejects.toThrow('cancelled');
    await expect(pacer.run(call, { signal: abort.signal, rank })).rejects.toThrow('cancelled');
    await vi.advanceTimersByTimeAsync(300);
    expect(call).not.toHaveBeenCalled();
    expect([...begun, ...after]).toEqual([0, 100]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('goes on after a call that throws at once', async () => {
    const pacer = makePacer({ inFlight: 1 });
    const thrown = pacer.run(
      () => {
        throw new Error('no');
      },
      { signal: never, rank },
    );
    await expect(thrown).rejects.toThrow('no');
    expect(await pacer.run(async () => 'yes', { signal: never, rank })).toBe('yes');
  });
});
