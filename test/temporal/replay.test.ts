import { readdirSync, readFileSync } from 'node:fs';
import { Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { beforeAll, describe, expect, test } from 'vitest';
import { bundleWorkflows } from './environment.ts';

const FOLDER = 'test/fixtures/histories';

describe('a recorded history', () => {
  let workflowBundle: WorkflowBundleWithSourceMap;
  beforeAll(async () => {
    workflowBundle = await bundleWorkflows();
  });

  test.each(readdirSync(FOLDER))('replays on the workflows of today: %s', async (file) => {
    const history: unknown = JSON.parse(readFileSync(`${FOLDER}/${file}`, 'utf8'));
    await Worker.runReplayHistory({ workflowBundle }, history, 'recorded');
  });

  test('there is one of each workflow', () => {
    const exported = [...readFileSync('workflows/index.ts', 'utf8').matchAll(/from '\.\/(.*)\.ts'/g)].map(
      ([, name]) => name,
    );
    expect(readdirSync(FOLDER).map((file) => file.replace('.json', ''))).toEqual(
      exported.toSorted((a = '', b = '') => a.localeCompare(b)),
    );
  });
});
