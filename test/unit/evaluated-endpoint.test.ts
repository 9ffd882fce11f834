import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connect } from '../../activities/connect.ts';
import type { ActivityDeps } from '../../activities/deps.ts';
import { findUnfinished } from '../../activities/find-unfinished.ts';
import { identifyModel } from '../../activities/identify-model.ts';
import { ModelError } from '../../activities/io/model/model.ts';
import { jsonBytes, jsonLinesBytes } from '../../activities/io/store/json.ts';
import { modelCall } from '../../activities/model-call.ts';
import { controlKey, leaseKey } from '../../domain/keys.ts';
import type { CallRequest } from '../../domain/schemas/call.ts';
import type { Lease } from '../../domain/schemas/run.ts';
import { inActivity } from '../samples.ts';
import { activityDeps, answerOf } from './activity-deps.ts';

const run = { run: 'r', revision: 1 };
const WEIGHTS = 'a'.repeat(64);
const ENDPOINTS = [
  'evaluation.endpoints.one={ provider: p, model: m, baseUrl: "http://one/v1", apiKeyEnv: K, limits: { inFlight: 3 } }',
  'evaluation.endpoints.two={ provider: p, model: n, baseUrl: "http://two/v1", limits: { goneAfterSeconds: 7 }, dialect: { stripThinking: true } }',
];
const LEASE: Lease = {
  ...{ serving: 's', model: WEIGHTS, node: 'n', failures: 0, attempt: 1 },
  ...{ baseUrl: 'http://node/v1', apiKey: 'lease-key' },
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'longwriter-endpoint-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a model that is evaluated behind an endpoint', () => {
  test('is asked at its own place, in its own pace, and one that is served at that of its lease', async () => {
    const paced: unknown[] = [];
    const deps: ActivityDeps = { ...(await activityDeps(folder, undefined as never, ENDPOINTS)) };
    const pacer = deps.pacer('served', 'x', { inFlight: 1 });
    const watched: ActivityDeps = {
      ...deps,
      pacer: (endpoint, baseUrl, { inFlight }) => (paced.push([endpoint, baseUrl, inFlight]), pacer),
    };
    await deps.store.putView(leaseKey('r'), jsonBytes(LEASE));
    const connectionOf = async (identity: string) => (await connect(watched, run, 'served', identity)).connection;
    expect(await connectionOf('p/m')).toMatchObject({ baseUrl: 'http://one/v1', apiKey: 'k', model: 'm' });
    expect(await connectionOf('p/n')).toMatchObject({
      ...{ baseUrl: 'http://two/v1', model: 'n', goneAfterMs: 7000 },
      dialect: { stripThinking: true },
    });
    expect(await connectionOf(WEIGHTS)).toMatchObject({
      ...{ baseUrl: 'http://node/v1', apiKey: 'lease-key', model: 'served', goneAfterMs: Infinity },
    });
    await expect(connectionOf('p/other')).rejects.toMatchObject({ problem: 'NotServed' });
    expect(paced.map((one) => (one as unknown[])[1])).toEqual(['http://one/v1', 'http://two/v1', 'http://node/v1']);
    expect(paced[0]).toEqual(['served', 'http://one/v1', 3]);
  });

  const request = (model: string): CallRequest => ({
    model,
    messages: [{ role: 'user', content: 'write' }],
    parameters: { temperature: 1, maxTokens: 10, extra: {} },
    draw: 0,
  });

  test('pauses the run under its own name where it is gone, and a served one waits for its next lease', async () => {
    const complete = async () => {
      throw new ModelError('Unreachable', 'cannot be reached');
    };
    const gone = [...ENDPOINTS, 'evaluation.endpoints.one.limits.goneAfterSeconds=1'];
    const deps = await activityDeps(folder, complete, gone);
    await deps.store.putView(leaseKey('r'), jsonBytes(LEASE));
    const outages = { failed: () => 2000, answered: () => undefined };
    const ask = (model: string) => inActivity(() => modelCall({ ...deps, outages }, run, 'served', request(model)));
    await expect(ask(WEIGHTS)).rejects.toMatchObject({ problem: 'Unreachable' });
    await expect(ask('p/m')).rejects.toMatchObject({
      type: 'Model.Gone',
      message: expect.stringContaining('endpoint p/m: '),
    });
    expect(new TextDecoder().decode(await deps.store.find(controlKey('r')))).toContain('Model.Gone');
  });

  test('costs what its own price says, and one of weights what served ones do', async () => {
    const prices =
      'prices={ p/m: { prompt: 0, completion: 5 }, p/n: { prompt: 0, completion: 0 }, served: { prompt: 0, completion: 1 } }';
    const overrides = [...ENDPOINTS, prices, 'budget={ tokens: 5 }', 'evaluation.sampling.maxTokens=1000'];
    const tokens = await activityDeps(folder, async () => answerOf('x'), overrides);
    await tokens.store.putView('f/prompts.jsonl', jsonLinesBytes([{ id: 'a', prompt: 'pq', length: 1, type: 't' }]));
    const boundOf = async (deps: ActivityDeps, model: string) => {
      const work = { kind: 'completions', folder: 'f', completions: 1 } as const;
      const { items } = await inActivity(() => findUnfinished(deps, { ...run, work, model, offset: 0, count: 1 }));
      return items[0]?.bound;
    };
    expect(await boundOf(tokens, 'p/m')).toBe(1001);
    const dollars = ['budget={ dollars: 5 }', 'endpoints.writer.provider=p', 'endpoints.judge.provider=p'];
    const named = ['endpoints.writer.model=m', 'endpoints.judge.model=m', ...dollars];
    const priced = await activityDeps(folder, async () => answerOf('x'), [
      ...overrides.filter((one) => !one.startsWith('budget')),
      ...named,
    ]);
    expect([await boundOf(priced, 'p/m'), await boundOf(priced, 'p/n'), await boundOf(priced, WEIGHTS)]).toEqual([
      0.005, 0, 0.001,
    ]);
  });
});

describe('a model that an evaluation was given', () => {
  test('is known by its hub name, or by its files', async () => {
    const alone = 'evaluation.alone={ models: { hub: THUDM/x, stored: "store:runs/a/sft/b/model" } }';
    const deps = await activityDeps(folder, undefined as never, [alone]);
    const identify = (name: string) => inActivity(() => identifyModel(deps, { ...run, name }));
    expect(await identify('hub')).toEqual({
      name: 'hub',
      identity: 'hub:THUDM/x',
      location: { kind: 'node', path: 'THUDM/x' },
    });
    await expect(identify('stored')).rejects.toThrow('runs/a/sft/b/model holds no whole model');
    await expect(identify('none')).rejects.toMatchObject({ type: 'Config.Invalid' });
  });
});
