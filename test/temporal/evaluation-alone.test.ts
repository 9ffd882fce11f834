import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FindUnfinishedInput } from '../../activities/find-unfinished.ts';
import type { SampleCompletionsInput } from '../../activities/work-on-completions.ts';
import { failure } from '../../activities/failures.ts';
import { loadConfig } from '../../configs/load.ts';
import { NO_SPENDING } from '../../domain/cost.ts';
import { startWorkflow } from '../../scripts/runs.ts';
import { progressQuery } from '../../workflows/messages.ts';
import type { runPipeline } from '../../workflows/run-pipeline.ts';
import { missing } from '../parts.ts';
import { newRun, startTestPipeline, type TestPipeline } from './environment.ts';
import { goodActivities } from './fakes.ts';

const ALONE = 'evaluation.alone={ models: { mine: m, other: o }, predictions: { old: inputs/old } }';
const ENDPOINT = 'evaluation.endpoints={ api: { provider: p, model: m, baseUrl: "http://api/v1" } }';

describe.skipIf(missing('services'))('an evaluation alone', () => {
  let pipeline: TestPipeline;
  beforeAll(async () => {
    pipeline = await startTestPipeline();
  });
  afterAll(() => pipeline.close());

  async function evaluate(activities: Parameters<TestPipeline['withActivities']>[0], overrides: string[]) {
    const { client } = pipeline.environment;
    const run = newRun();
    const config = await loadConfig('configs/quickstart.yaml', overrides);
    return pipeline.withActivities(activities, async () => {
      await startWorkflow(client, run, { revision: 1, config }, {});
      const handle = client.workflow.getHandle<typeof runPipeline>(run);
      const outcome = await handle.result().catch((error: unknown) => error);
      return { outcome, progress: await handle.query(progressQuery) };
    });
  }

  test('serves what it was given, one by one, asks what is behind endpoints, takes answers in, and reports', async () => {
    const trace: string[] = [];
    const { activities, records } = goodActivities(trace);
    const asked: string[] = [];
    const imported: boolean[] = [];
    const evaluating = {
      ...activities,
      sampleCompletions: async ({ model, items }: SampleCompletionsInput) =>
        items.map(() => (asked.push(model), { verdict: 'kept', words: 5, spending: NO_SPENDING })),
      findUnfinished: (input: FindUnfinishedInput) => {
        if (input.work.kind === 'judgements' && input.work.imported) imported.push(true);
        return activities.findUnfinished(input);
      },
    };
    const { outcome, progress } = await evaluate(evaluating, [ALONE, ENDPOINT]);
    expect(outcome).toEqual({ report: 'report.html', failed: 0 });
    expect(asked.toSorted()).toEqual(['id-mine', 'id-mine', 'id-other', 'id-other', 'p/m', 'p/m']);
    expect(trace.filter((line) => /^(?:up|down) /.test(line))).toEqual(
      ['mine', 'other'].flatMap((name) => [`up id-${name}`, `down id-${name}`]),
    );
    expect(trace.filter((line) => line.startsWith('import'))).toEqual(['import inputs/old']);
    expect(trace.filter((line) => line === 'judge')).toHaveLength(8);
    expect(trace.at(-1)).toBe('report');
    expect(imported).toEqual([true]);
    const models = [{ model: 'mine' }, { model: 'other' }, { model: 'api' }, { model: 'old' }];
    expect(records).toMatchObject([{ stage: 'evaluate', outcome: { models } }, { stage: 'report' }]);
    const walked = progress.stages.filter(({ state }) => state !== 'skipped');
    expect(walked).toMatchObject([
      { stage: 'evaluate', state: 'done', total: 14 },
      { stage: 'report', state: 'done' },
    ]);
  });

  test('with a budget evaluates one model after the other, since each is allowed all that is left', async () => {
    const trace: string[] = [];
    const { activities } = goodActivities(trace);
    const folders: string[] = [];
    const evaluating = {
      ...activities,
      askAllowance: async () => ({ allowance: 100 }),
      findUnfinished: (input: FindUnfinishedInput) => {
        if ('folder' in input.work) folders.push(input.work.folder);
        return activities.findUnfinished(input);
      },
    };
    await evaluate(evaluating, [ALONE, ENDPOINT, 'budget={ tokens: 100 }']);
    const each = ['mine', 'other', 'api'].flatMap((name) => [`evaluation-${name}`, `evaluation-${name}`]);
    expect(folders).toEqual([...each, 'evaluation-old']);
  });

  test('lets the other models finish where one fails, and says why', async () => {
    const trace: string[] = [];
    const { activities } = goodActivities(trace);
    const importCompletions = async () => {
      throw failure('Predictions.Invalid', 'inputs/old:3: response: expected a text');
    };
    const { outcome, progress } = await evaluate({ ...activities, importCompletions }, [ALONE, ENDPOINT]);
    expect(outcome).toBeInstanceOf(Error);
    expect(progress).toMatchObject({ state: 'failed', message: 'inputs/old:3: response: expected a text' });
    expect(trace).toContain('down id-other');
    expect(trace.filter((line) => line === 'judge')).toHaveLength(6);
  });
});
