import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { fileStore } from '../../activities/io/store/file.ts';
import { PROJECT, readEnvironment, type Environment } from '../../configs/env.ts';
import { loadConfig } from '../../configs/load.ts';
import type { RunConfig } from '../../configs/schema.ts';
import { sampleKey, stageKey } from '../../domain/keys.ts';
import type { Stage } from '../../domain/names.ts';
import { StageRecord } from '../../domain/schemas/run.ts';
import { Sample } from '../../domain/schemas/sample.ts';
import type { ItemCounts } from '../../domain/tally.ts';
import { startEndpoint, type Endpoint, type EndpointSettings } from '../../scripts/bench/endpoint.ts';
import { resume } from '../../scripts/commands/resume.ts';
import { retry } from '../../scripts/commands/retry.ts';
import { serviceProgram } from '../../scripts/embedded/paths.ts';
import { runProgress } from '../../scripts/run-progress.ts';
import { cancelWorkflow, findConfig, freezeConfig, pause, startWorkflow, unpause } from '../../scripts/runs.ts';
import { readInputs, uploadInputs } from '../../scripts/upload-inputs.ts';
import { ROLES, startWorkers, type RunningWorkers } from '../../workers/run-worker.ts';
import { readJson } from '../../activities/io/store/json.ts';
import { missing } from '../parts.ts';

const CONFIG = join(PROJECT, 'scripts/bench/generate.yaml');
const PRICE = 'prices={bench/fixed: {prompt: 1000, cached: 500, completion: 2000}}';

describe.skipIf(missing('services'))('generation, on a real server with real workers', () => {
  let home: string;
  let temporal: TestWorkflowEnvironment;
  let environment: Environment;
  let workers: RunningWorkers;
  let endpoint: Endpoint;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'longwriter-generation-'));
    temporal = await TestWorkflowEnvironment.createLocal({
      server: { executable: { type: 'existing-path', path: serviceProgram(PROJECT, 'temporal') } },
    });
    environment = { ...readEnvironment({ LONGWRITER_HOME: home }), temporalAddress: temporal.address };
    workers = await startWorkers(environment, ROLES);
  });
  afterEach(() => endpoint?.close());
  afterAll(async () => {
    await workers?.stop();
    await temporal?.teardown();
    await rm(home, { recursive: true, force: true });
  });

  const store = () => fileStore(environment.storeUrl);
  const serve = async (settings: Partial<EndpointSettings> = {}): Promise<void> => {
    endpoint = await startEndpoint({ sections: 3, words: 100, latencyMs: 20, faults: {}, ...settings });
  };

  /** Starts a run of so many instructions, each with a text of its own. */
  async function start(run: string, samples: number, overrides: readonly string[] = [], last: Stage = 'dataset') {
    const file = join(home, `${run}.jsonl`);
    const rows = Array.from({ length: samples }, (_, index) => ({
      prompt: `Write for ${run} about subject ${index}.`,
    }));
    await writeFile(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    const urls = ['writer', 'judge'].map((name) => `endpoints.${name}.baseUrl=${endpoint.baseUrl}`);
    const given = await loadConfig(CONFIG, [`instructions.sources=[{file: ${file}}]`, ...urls, ...overrides]);
    const { config, inputs } = await readInputs(given, CONFIG);
    await uploadInputs(store(), inputs);
    await startWorkflow(temporal.client, run, await freezeConfig(store(), run, config), { until: last });
    return temporal.client.workflow.getHandle(run);
  }
  const progress = (run: string) => runProgress(temporal.client, store(), run);
  const counts = async (run: string): Promise<ItemCounts> =>
    (await readJson(store(), stageKey(run, 'generate'), StageRecord)).outcome as ItemCounts;

  /** A command of the command line, against the test's server and store. */
  async function command<T>(work: () => Promise<T>): Promise<T> {
    const { LONGWRITER_HOME: before, TEMPORAL_ADDRESS: address } = process.env;
    Object.assign(process.env, { LONGWRITER_HOME: home, TEMPORAL_ADDRESS: temporal.address });
    try {
      return await work();
    } finally {
      Object.assign(process.env, { LONGWRITER_HOME: before ?? '', TEMPORAL_ADDRESS: address ?? '' });
      if (before === undefined) delete process.env['LONGWRITER_HOME'];
      if (address === undefined) delete process.env['TEMPORAL_ADDRESS'];
    }
  }

  test('counts tokens and money of every call once, and a second run over the same store pays nothing', async () => {
    await serve();
    await (await start('money', 3, [PRICE])).result();
    const { spending, words, kept } = await counts('money');
    expect([kept, spending.paid.calls, spending.used]).toEqual([3, 12, spending.paid]);
    expect(words).toBeGreaterThan(800);
    expect(spending.paid.dollars).toBeCloseTo(
      (spending.paid.promptTokens * 1000 + spending.paid.completionTokens * 2000) / 1e6,
      6,
    );
    // The ledger says the same as the sum over the samples; in another order, so that the cents differ in the last place.
    const { dollars, ...tokens } = (await progress('money')).paid;
    expect(spending.paid).toMatchObject(tokens);
    expect(dollars).toBeCloseTo(spending.paid.dollars, 6);

    // The same instructions under another id: every answer is there already.
    const frozen = (await findConfig(store(), 'money'))!;
    await startWorkflow(temporal.client, 'money-again', await freezeConfig(store(), 'money-again', frozen.config), {
      until: 'dataset',
    });
    await temporal.client.workflow.getHandle('money-again').result();
    const again = (await counts('money-again')).spending;
    expect([again.used.calls, again.paid.calls]).toEqual([12, 0]);
    expect(endpoint.stats()).toMatchObject({ requests: 12, paidAgain: 0 });
  });

  test('pauses before it would pass its budget, says so, and goes on with more', async () => {
    await serve();
    // A sample takes four calls of some 600 tokens; its upper bound is far above that.
    const few = ['generation.plan.sampling.maxTokens=500', 'generation.section.sampling.maxTokens=500'];
    const small = ['generation.plan.sections.max=3', 'generation.maxDraws=1', ...few];
    await start('budget', 6, [...small, 'budget.tokens=12000']);
    await until(async () => (await progress('budget')).state === 'paused');
    const { message, paid } = await progress('budget');
    expect(message).toMatch(/^Budget\.Reached: [\d,]+ tokens of 12,000 tokens are spent; \d items are left/);
    expect(paid.promptTokens + paid.completionTokens).toBeLessThanOrEqual(12_000);
    const { requests } = endpoint.stats();
    expect(requests).toBeGreaterThan(0);
    await sleep(1500);
    expect(endpoint.stats().requests).toBe(requests);

    expect(await command(() => resume('budget', { set: [], budget: '200000' }))).toBe(0);
    await temporal.client.workflow.getHandle('budget').result();
    expect((await counts('budget')).kept).toBe(6);
    expect(endpoint.stats()).toMatchObject({ questions: 24, paidAgain: 0 });
  });

  test('a budget in dollars without a price is refused with the name of the model', async () => {
    await serve();
    await expect(start('no-price', 1, ['budget.dollars=5'])).rejects.toThrow(
      /a budget in dollars needs the price of bench\/fixed/,
    );
  });

  test('an answer that a check refuses is asked again with what was wrong, and paid once each', async () => {
    await serve({ faults: { badPlans: true } });
    await (await start('bad', 20)).result();
    // Five first plans were bad: prose before a good plan is passed over, the others cost one call more each.
    expect(await counts('bad')).toMatchObject({ kept: 20, spending: { paid: { calls: 84 } } });
    expect(endpoint.stats()).toMatchObject({ requests: 84, paidAgain: 0 });
  });

  test('errors and refusals of an endpoint cost no document', async () => {
    await serve({ faults: { errors: true } });
    await (await start('errors', 12)).result();
    expect((await counts('errors')).kept).toBe(12);
    const { requests, questions, refused } = endpoint.stats();
    expect(questions).toBe(48);
    expect(refused).toBeGreaterThan(2);
    expect(requests).toBe(questions + refused);
  });

  test('a rejected sample is opened again by its reason, and only what was refused is asked anew', async () => {
    await serve();
    // No section of a hundred words can be four hundred.
    const strict = ['generation.section.checks.minWordsRatio=4', 'generation.maxDraws=2'];
    await (await start('retried', 2, strict, 'generate')).result();
    expect(await counts('retried')).toMatchObject({ kept: 0, rejected: { 'section-words': 2 } });
    expect(endpoint.stats().requests).toBe(2 * (1 + 2));

    expect(await command(() => retry('retried', { sample: [], reason: ['section-words'] }))).toBe(0);
    await temporal.client.workflow.getHandle('retried').result();
    expect(await counts('retried')).toMatchObject({ rejected: { 'section-words': 2 } });
    // Two draws more of the section; the plan and the first two were there.
    expect(endpoint.stats()).toMatchObject({ requests: 2 * (1 + 4), paidAgain: 0 });
    const [view] = await samplesOf('retried');
    expect(view).toMatchObject({ retry: { draws: 1, anew: 0 }, spending: { used: { calls: 5 } } });
    expect(view!.refused.map(({ step }) => step)).toEqual(Array.from({ length: 4 }, () => 'section 1'));

    await expect(command(() => retry('retried', { sample: [], reason: ['too-short'] }))).rejects.toThrow(
      /has no sample rejected for that; rejected are: 2 section-words/,
    );
    await expect(command(() => retry('retried', { sample: ['0000000000000000'], reason: [] }))).rejects.toThrow(
      /no rejected sample 0000000000000000/,
    );
  });

  async function samplesOf(run: string): Promise<Sample[]> {
    const found: Sample[] = [];
    for await (const path of store().list(`runs/${run}/samples`)) found.push(await readJson(store(), path, Sample));
    expect(found.every(({ id }) => sampleKey(run, id).includes(run))).toBe(true);
    return found;
  }

  test('pause stops new calls within a second and lets those in flight end; cancel ends the run within three', async () => {
    await serve({ latencyMs: 400 });
    const handle = await start('paused', 30, ['endpoints.writer.limits.inFlight=16', 'generation.window=30']);
    await until(async () => endpoint.stats().answered > 10);
    await pause(temporal.client, store(), 'paused');
    await sleep(1000);
    const { requests } = endpoint.stats();
    await sleep(1500);
    expect(endpoint.stats()).toMatchObject({ requests, inFlight: 0, answered: requests });
    expect((await progress('paused')).state).toBe('paused');

    await unpause(temporal.client, store(), 'paused');
    await until(async () => endpoint.stats().requests > requests + 10);
    const startedAt = Date.now();
    await cancelWorkflow(temporal.client, 'paused');
    expect(Date.now() - startedAt).toBeLessThan(3000);
    expect((await handle.describe()).status.name).toBe('CANCELLED');
    const after = endpoint.stats().requests;
    await sleep(1000);
    expect(endpoint.stats()).toMatchObject({ requests: after, inFlight: 0 });
  });

  test('reference documents of an instruction stand in its training row', async () => {
    await serve();
    const file = join(home, 'with-documents.jsonl');
    await writeFile(file, `${JSON.stringify({ prompt: 'Write about this.', documents: ['THE SOURCE'] })}\n`);
    const handle = await start('documents', 1, [`instructions.sources=[{file: ${file}}]`]);
    await handle.result();
    let rows = '';
    for await (const path of store().list('runs/documents/dataset')) {
      if (path.endsWith('bench.jsonl')) rows = new TextDecoder().decode(await store().find(path));
    }
    expect((JSON.parse(rows) as { messages: { content: string }[] }).messages[0]!.content).toContain('THE SOURCE');
  });

  test('the configuration of a run holds what it was started with', async () => {
    const { config } = (await findConfig(store(), 'money'))!;
    expect((config satisfies RunConfig).prices['bench/fixed']).toEqual({ prompt: 1000, cached: 500, completion: 2000 });
  });
});

/** Waits until something holds; the test's own time-out is the limit. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(100);
}
