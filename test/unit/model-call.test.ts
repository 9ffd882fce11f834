import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ActivityDeps } from '../../activities/deps.ts';
import { ModelError, type ModelClient } from '../../activities/io/model/model.ts';
import { jsonBytes } from '../../activities/io/store/json.ts';
import { readPaid } from '../../activities/io/store/ledger.ts';
import { modelCall } from '../../activities/model-call.ts';
import { makePacer } from '../../activities/pacer.ts';
import { callKey, configKey, controlKey, ledgerFolder } from '../../domain/keys.ts';
import type { Answer, CallRequest } from '../../domain/schemas/call.ts';
import { activityDeps, answerOf } from './activity-deps.ts';

const run = { run: 'r', revision: 1 };
const request: CallRequest = {
  model: 'm',
  messages: [{ role: 'user', content: 'write' }],
  parameters: { temperature: 1, maxTokens: 10, extra: {} },
  draw: 0,
};
const answer = answerOf;

describe('modelCall', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'longwriter-call-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const deps = (complete: ModelClient['complete']) => activityDeps(folder, complete);

  const call = (with_: ActivityDeps, asked = request): Promise<string> =>
    new MockActivityEnvironment().run(async () => (await modelCall(with_, run, 'writer', asked)).answer.text);

  test('runs twice and pays once, in another process too', async () => {
    let asked = 0;
    const complete = async () => answer(`answer ${++asked}`);
    expect(await call(await deps(complete))).toBe('answer 1');
    expect(await call(await deps(complete))).toBe('answer 1');
    expect(asked).toBe(1);
  });

  test('two at once return the same stored answer', async () => {
    let asked = 0;
    const shared = await deps(async () => answer(`answer ${++asked}`));
    const [one, two] = await Promise.all([call(shared), call(shared)]);
    expect(one).toBe(two);
  });

  test('another draw, another series and another prompt are other calls', async () => {
    let asked = 0;
    const shared = await deps(async () => answer(`answer ${++asked}`));
    await call(shared);
    await call(shared, { ...request, draw: 1 });
    await call(shared, { ...request, series: 'completion-1' });
    await call(shared, { ...request, messages: [{ role: 'user', content: 'write more' }] });
    expect(asked).toBe(4);
  });

  test('the same question always carries the same seed', async () => {
    const seeds: number[] = [];
    const complete: ModelClient['complete'] = async (_connection, _request, seed) => {
      seeds.push(seed);
      throw new ModelError('ServerError', '500');
    };
    await expect(call(await deps(complete))).rejects.toThrow('500');
    await expect(call(await deps(complete))).rejects.toThrow('500');
    expect(seeds[0]).toBe(seeds[1]);
    expect(seeds[0]).toBeLessThan(2 ** 31);
  });

  test('a wrong key closes the gate of its run before it fails, and what was stored stays readable', async () => {
    const good = await deps(async () => answer('stored'));
    await call(good);
    const shared = await deps(async () => {
      throw new ModelError('Unauthorized', 'http://embedded/v1: 401 no');
    });
    const failed = call(shared, { ...request, draw: 1 });
    await expect(failed).rejects.toMatchObject({ type: 'Model.Unauthorized', nonRetryable: true });
    const control = JSON.parse(new TextDecoder().decode(await shared.store.find(controlKey('r')))) as object;
    expect(control).toMatchObject({
      paused: true,
      type: 'Model.Unauthorized',
      message: expect.stringContaining('writer'),
    });
    expect(await call(shared)).toBe('stored');
  });

  test('a paused run makes no call until it is resumed', async () => {
    let asked = 0;
    const shared = await deps(async () => answer(`${++asked}`));
    await shared.gate.pause('r', { type: 'requested', message: '' });
    const pending = call(shared);
    await new Promise((done) => setTimeout(done, 300));
    expect(asked).toBe(0);
    await shared.store.putView(controlKey('r'), jsonBytes({ paused: false }));
    expect(await pending).toBe('1');
  });

  test('a step of a paused run that was held before gives its place back, quietly, and comes again within 10 s', async () => {
    const shared = await deps(async () => answer('ok'));
    await shared.gate.pause('r', { type: 'requested', message: '' });
    const second = (): Promise<string> =>
      new MockActivityEnvironment({ attempt: 2 }).run(
        async () => (await modelCall(shared, run, 'writer', request)).answer.text,
      );
    const failed: unknown = await second().catch((error: unknown) => error);
    expect(failed).toMatchObject({ type: 'Run.Paused', nonRetryable: false, category: 'BENIGN' });
    expect(Number((failed as ApplicationFailure).nextRetryDelay)).toBeGreaterThanOrEqual(5000);
    expect(Number((failed as ApplicationFailure).nextRetryDelay)).toBeLessThanOrEqual(10_000);
    await shared.store.putView(controlKey('r'), jsonBytes({ paused: false }));
    await vi.waitFor(async () => expect(await second()).toBe('ok'), 3000);
  });

  test('the gate holds no longer than it is told to', async () => {
    const { gate } = await deps(async () => answer('ok'));
    const { signal } = new AbortController();
    expect(await gate.waitUntilOpen('r', signal, 0)).toBe(true);
    await gate.pause('r', { type: 'requested', message: '' });
    expect(await gate.waitUntilOpen('r', signal, 300)).toBe(false);
  });

  test('calls of a run that is paused while they wait for their turn keep no other run from the endpoint', async () => {
    let answerNow: (() => void) | undefined;
    const complete = () => new Promise<Answer>((resolve) => (answerNow = () => resolve(answer('ok'))));
    const pacer = makePacer({ inFlight: 1, requestsPerMinute: 60 });
    const shared = { ...(await deps(complete)), pacer: () => pacer };
    await shared.store.putView(configKey('other'), (await shared.store.find(configKey('r')))!);
    const underWay = call(shared);
    await vi.waitFor(() => expect(answerNow).toBeDefined());
    const environments = [1, 2, 3, 4, 5].map((draw) => {
      const environment = new MockActivityEnvironment({ priority: { priorityKey: 1 } });
      const held = environment.run(() => modelCall(shared, run, 'writer', { ...request, draw }));
      return { environment, held: held.catch((error: unknown) => error) };
    });
    await new Promise((done) => setTimeout(done, 50));
    await shared.gate.pause('r', { type: 'requested', message: '' });
    answerNow!();
    await underWay;
    answerNow = undefined;
    const startedAt = Date.now();
    const other = { ...run, run: 'other' };
    const passing = new MockActivityEnvironment().run(() =>
      modelCall(shared, other, 'writer', { ...request, draw: 9 }),
    );
    await vi.waitFor(() => expect(answerNow).toBeDefined(), 8000);
    expect(Date.now() - startedAt).toBeLessThan(3000);
    answerNow!();
    await passing;
    for (const { environment, held } of environments) {
      environment.cancel();
      await held;
    }
  });

  test('a worker that is told to end finishes and stores the call under way, and leaves those that wait to others', async () => {
    const drain = new AbortController();
    let answerNow: (() => void) | undefined;
    const shared = {
      ...(await deps(() => new Promise((resolve) => (answerNow = () => resolve(answer('paid')))))),
      pacer: (() => {
        const pacer = makePacer({ inFlight: 1 });
        return () => pacer;
      })(),
      draining: drain.signal,
    };
    const underWay = call(shared);
    await vi.waitFor(() => expect(answerNow).toBeDefined());
    const waiting = call(shared, { ...request, draw: 1 }).catch((error: unknown) => error);
    const held = shared.gate
      .pause('other', { type: 'requested', message: '' })
      .then(() =>
        new MockActivityEnvironment().run(() => modelCall(shared, { ...run, run: 'other' }, 'writer', request)),
      )
      .catch((error: unknown) => error);
    await new Promise((done) => setTimeout(done, 100));
    drain.abort();
    expect(await waiting).toMatchObject({ type: 'Worker.Draining', nonRetryable: false });
    expect(await held).toMatchObject({ type: 'Worker.Draining' });
    answerNow!();
    expect(await underWay).toBe('paid');
    expect(await call(await deps(async () => answer('asked again')))).toBe('paid');
  });

  test('a 429 holds back every call to that endpoint for as long as Retry-After says', async () => {
    let asked = 0;
    const shared = await deps(async () => {
      if (++asked === 1) throw new ModelError('RateLimited', '429', 400);
      return answer('ok');
    });
    await expect(call(shared)).rejects.toThrow('429');
    const startedAt = Date.now();
    await call(shared, { ...request, draw: 1 });
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(350);
  });

  test('enters what it paid for once, and nothing for an answer that another run paid for', async () => {
    const shared = await deps(async () => answer('text'));
    await call(shared);
    await call(shared);
    const other = { run: 'other', revision: 1 };
    await new MockActivityEnvironment().run(() => modelCall(shared, other, 'writer', request));
    const config = await shared.files.config(run);
    expect((await readPaid(shared.store, 'r', config)).cost).toMatchObject({
      calls: 1,
      promptTokens: 100,
      cachedTokens: 40,
    });
    expect((await readPaid(shared.store, 'other', config)).cost).toMatchObject({ calls: 0 });
  });

  test('enters a call whose first attempt ended before it could', async () => {
    const shared = await deps(async () => answer('text'));
    await call(shared);
    for await (const path of shared.store.list(ledgerFolder('r'))) await shared.store.remove(path);
    await call(shared);
    const { cost } = await readPaid(shared.store, 'r', await shared.files.config(run));
    expect(cost).toMatchObject({ calls: 1 });
  });

  test('an endpoint that nobody can reach is tried again, and after its time it is gone and pauses the run', async () => {
    const shared = await activityDeps(folder, async () => {
      throw new ModelError('Unreachable', 'http://embedded/v1: cannot be reached (ECONNREFUSED)');
    }, ['endpoints.writer.limits.goneAfterSeconds=1']);
    let now = 0;
    const since = new Map<string, number>();
    const outages = {
      failed: (place: string) => now - (since.get(place) ?? (since.set(place, now), now)),
      answered: (place: string) => void since.delete(place),
    };
    const later = { ...shared, outages };
    await expect(call(later)).rejects.toMatchObject({ problem: 'Unreachable' });
    now = 900;
    await expect(call(later)).rejects.toMatchObject({ problem: 'Unreachable' });
    now = 1100;
    await expect(call(later)).rejects.toMatchObject({ type: 'Model.Gone', nonRetryable: true });
    expect(await shared.gate.isOpen('r')).toBe(false);
  });

  test('an answer is kept though its tokens cannot be counted', async () => {
    let asked = 0;
    const shared = await deps(async () => answer(`answer ${++asked}`));
    const add: ActivityDeps['metrics']['add'] = (name, ...rest) => {
      if (name === 'longwriter_model_tokens_total') throw new Error('not counted');
      shared.metrics.add(name, ...rest);
    };
    const uncounted = { ...shared, metrics: { ...shared.metrics, add } };
    expect(await call(uncounted)).toBe('answer 1');
    expect(await call(shared)).toBe('answer 1');
  });

  test('stores no answer under a call that failed', async () => {
    const shared = await deps(async () => {
      throw new ModelError('ServerError', '500');
    });
    await expect(call(shared)).rejects.toThrow('500');
    const stored: string[] = [];
    for await (const path of shared.store.list('calls')) stored.push(path);
    expect(stored).toEqual([]);
    expect(callKey('ab12')).toBe('calls/ab/ab12.json');
  });
});
