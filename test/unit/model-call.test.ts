import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ActivityDeps } from '../../activities/deps.ts';
import { makeGate } from '../../activities/gate.ts';
import { ModelError, type ModelClient } from '../../activities/io/model/model.ts';
import { fileStore } from '../../activities/io/store/file.ts';
import { jsonBytes } from '../../activities/io/store/json.ts';
import { modelCall } from '../../activities/model-call.ts';
import { makeOutages } from '../../activities/outages.ts';
import { makePacer } from '../../activities/pacer.ts';
import { makeRunFiles } from '../../activities/run-files.ts';
import { loadConfig, parseConfig } from '../../configs/load.ts';
import { configKey, controlKey } from '../../domain/keys.ts';
import type { Answer, CallRequest } from '../../domain/schemas/call.ts';

const run = { run: 'r', revision: 1 };
const request: CallRequest = {
  model: 'm',
  messages: [{ role: 'user', content: 'write' }],
  parameters: { temperature: 1, maxTokens: 10, extra: {} },
  draw: 0,
};
const answer = (text: string): Answer => ({
  text,
  finishReason: 'stop',
  usage: { promptTokens: 1, cachedTokens: 0, completionTokens: 1 },
});

describe('modelCall', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'longwriter-call-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** Activities' dependencies on a real store, with a model of the test's own. */
  async function deps(complete: ModelClient['complete']): Promise<ActivityDeps> {
    const store = fileStore(folder);
    const pacer = makePacer({ inFlight: 2 });
    await store.putView(configKey('r'), jsonBytes(await loadConfig('configs/quickstart.yaml')));
    return {
      store,
      files: makeRunFiles(store, parseConfig),
      gate: makeGate(store),
      model: { complete },
      pacer: () => pacer,
      outages: makeOutages(),
      launcher: undefined as never,
      node: {
        home: folder,
        processes: folder,
        embeddedModelUrl: 'http://embedded/v1',
        commandValues: {},
        secret: () => 'k',
      },
    };
  }

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
});
