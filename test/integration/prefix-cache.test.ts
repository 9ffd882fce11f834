import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fileStore } from '../../activities/io/store/file.ts';
import { readJson } from '../../activities/io/store/json.ts';
import type { StartedProcess } from '../../activities/io/process.ts';
import { PROJECT, readEnvironment, type Environment } from '../../configs/env.ts';
import { loadConfig } from '../../configs/load.ts';
import { stageKey } from '../../domain/keys.ts';
import { StageRecord } from '../../domain/schemas/run.ts';
import type { ItemCounts } from '../../domain/tally.ts';
import { startModelServer } from '../../scripts/embedded/model-server.ts';
import { serviceProgram } from '../../scripts/embedded/paths.ts';
import { freezeConfig, startWorkflow } from '../../scripts/runs.ts';
import { readInputs, uploadInputs } from '../../scripts/upload-inputs.ts';
import { ROLES, startWorkers, type RunningWorkers } from '../../workers/run-worker.ts';
import { missing } from '../parts.ts';

const CONFIG = join(PROJECT, 'test/e2e/tiny.yaml');

describe.skipIf(missing('services'))('a conversation with llama.cpp', () => {
  let home: string;
  let temporal: TestWorkflowEnvironment;
  let server: { process: StartedProcess; baseUrl: string };
  let environment: Environment;
  let workers: RunningWorkers;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'longwriter-cache-'));
    server = await startModelServer({ home, project: PROJECT, registry: join(home, 'processes'), parallel: 4 });
    temporal = await TestWorkflowEnvironment.createLocal({
      server: { executable: { type: 'existing-path', path: serviceProgram(PROJECT, 'temporal') } },
    });
    environment = {
      ...readEnvironment({ LONGWRITER_HOME: home }),
      temporalAddress: temporal.address,
      embeddedModelUrl: server.baseUrl,
    };
    workers = await startWorkers(environment, ROLES);
  });
  afterAll(async () => {
    await workers?.stop();
    await temporal?.teardown();
    await server?.process.stop(0);
    await rm(home, { recursive: true, force: true });
  });

  test('takes at least 85 % of its prompt tokens from the cache, with more samples than slots', async () => {
    const file = join(home, 'instructions.jsonl');
    const prompts = ['a lighthouse', 'a night train', 'a bakery', 'an orchard', 'a ferry'];
    const rows = prompts.map((subject) => ({
      prompt: `Write a long story about ${subject} and the people around it.`,
    }));
    await writeFile(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    const overrides = [
      `instructions={sources: [{file: ${file}}]}`,
      'generation.window=5',
      'generation.plan.sections={min: 8, max: 8}',
      'generation.plan.sampling.maxTokens=900',
      'generation.section.sampling.maxTokens=500',
      // What is written is not the point, and a model this small is refused often.
      'generation.section.checks={language: false, leaks: false, minWordsRatio: 0, maxRepeated: 1, maxCopied: 1}',
      'generation.maxDraws=12',
      'filter.minWords=0',
      'generation.section.sampling.extra={repeat_penalty: 1.15}',
    ];
    const { config, inputs } = await readInputs(await loadConfig(CONFIG, overrides), CONFIG);
    const store = fileStore(environment.storeUrl);
    await uploadInputs(store, inputs);
    await startWorkflow(temporal.client, 'cache', await freezeConfig(store, 'cache', config), { until: 'generate' });
    await temporal.client.workflow.getHandle('cache').result();
    const { spending } = (await readJson(store, stageKey('cache', 'generate'), StageRecord)).outcome as ItemCounts;
    const { calls, promptTokens, cachedTokens } = spending.paid;
    expect(calls).toBeGreaterThan(40);
    expect(cachedTokens / promptTokens).toBeGreaterThan(0.85);
  }, 600_000);
});
