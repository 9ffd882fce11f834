import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadConfig } from '../../configs/load.ts';
import { progressQuery } from '../../workflows/messages.ts';
import { startWorkflow } from '../../scripts/runs.ts';
import { missing } from '../parts.ts';
import { newRun, startTestPipeline, type TestPipeline } from './environment.ts';
import { goodActivities } from './fakes.ts';

describe.skipIf(missing('services'))('a training alone', () => {
  let pipeline: TestPipeline;
  beforeAll(async () => {
    pipeline = await startTestPipeline();
  });
  afterAll(() => pipeline.close());

  test.each([
    ['sft', ['sft from base on given', 'probe sft and base']],
    ['dpo', ['dpo from base on given', 'probe dpo and base']],
  ] as const)('by %s walks that stage only, on the rows and from the model that were given', async (method, asked) => {
    const trace: string[] = [];
    const { activities, records } = goodActivities(trace);
    const prepareRows = async () => ({ folder: 'given' });
    const { client } = pipeline.environment;
    const run = newRun();
    await pipeline.withActivities({ ...activities, prepareRows }, async () => {
      const config = await loadConfig('configs/quickstart.yaml', [`training.alone={ method: ${method}, data: d }`]);
      await startWorkflow(client, run, { revision: 1, config }, {});
      const handle = client.workflow.getHandle(run);
      await handle.result();
      const { stages } = await handle.query(progressQuery);
      expect(stages.filter(({ state }) => state !== 'skipped')).toMatchObject([{ stage: method, state: 'done' }]);
    });
    expect(trace).toEqual(asked);
    expect(records).toMatchObject([{ stage: method, outcome: { folder: method } }]);
  });
});
