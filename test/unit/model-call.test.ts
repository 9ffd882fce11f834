import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ActivityDeps } from '../../activities/deps.ts';
import { ModelError, type ModelClient } from '../../activities/io/model/model.ts';
import { jsonBytes } from '../../activities/io/store/json.ts';
import { readPaid } from '../../activities/io/store/ledger.ts';
import { modelCall } from '../../activities/model-call.ts';
import { callKey, controlKey, ledgerFolder } from '../../domain/keys.ts';
import type { CallRequest } from '../../domain/schemas/call.ts';
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
