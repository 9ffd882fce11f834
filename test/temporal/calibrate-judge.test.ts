import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FindUnfinishedInput } from '../../activities/find-unfinished.ts';
import type { JudgeCompletionsInput } from '../../activities/work-on-completions.ts';
import { NO_SPENDING } from '../../domain/cost.ts';
import { PIPELINE_QUEUE } from '../../domain/names.ts';
import type { calibrateJudge } from '../../workflows/calibrate-judge.ts';
import { missing } from '../parts.ts';
import { newRun, startTestPipeline, type TestPipeline } from './environment.ts';
import { goodActivities } from './fakes.ts';

const FOLDER = { folder: 'c', prompts: 2, completions: 2, judgements: 2, positions: false };

describe.skipIf(missing('services'))('calibrateJudge', () => {
  let pipeline: TestPipeline;
  beforeAll(async () => {
    pipeline = await startTestPipeline();
  });
  afterAll(() => pipeline.close());

  const calibrate = (run: string, fresh?: string) => {
    const work = { run, revision: 1, window: 3, partitionSize: 8, judgeDraws: 2, budget: undefined };
    return pipeline.environment.client.workflow.execute<typeof calibrateJudge>('calibrateJudge', {
      taskQueue: PIPELINE_QUEUE,
      workflowId: `${run}.evaluate.calibrate`,
      args: [{ ...work, ...(fresh === undefined ? {} : { fresh }) }],
    });
  };

  test.each([
    [undefined, (run: string) => `calibration@${run}`],
    ['2026-01-01T00:00:00Z', () => 'calibration@2026-01-01T00:00:00Z'],
  ])('judges all frozen completions by answers of its own, then scores: fresh %s', async (fresh, series) => {
    const run = newRun();
    const judged: JudgeCompletionsInput[] = [];
    const looked: FindUnfinishedInput[] = [];
    const activities = {
      ...goodActivities([]).activities,
      prepareCalibration: async () => ({ ...FOLDER, imported: { completions: 3, judged: false } }),
      findUnfinished: async (input: FindUnfinishedInput) => {
        looked.push(input);
        const items = ['p0-0', 'p0-1', 'p1-0'].map((id) => ({ id }));
        return { items, finished: { kept: 0, rejected: {}, words: 0, spending: NO_SPENDING } };
      },
      judgeCompletions: async (input: JudgeCompletionsInput) => {
        judged.push(input);
        return input.items.map(() => ({ verdict: 'kept', spending: NO_SPENDING }));
      },
    };
    const made = await pipeline.withActivities(activities, () => calibrate(run, fresh));
    expect(made).toEqual({ folder: 'c', spending: NO_SPENDING });
    expect(looked).toMatchObject([{ count: 3, work: { kind: 'judgements', imported: true } }]);
    expect(judged.flatMap(({ items }) => items).toSorted()).toEqual(['p0-0', 'p0-1', 'p1-0']);
    expect(new Set(judged.map((input) => input.fresh))).toEqual(new Set([series(run)]));
  });

  test('is none where there is nothing to calibrate with', async () => {
    expect(await pipeline.withActivities(goodActivities([]).activities, () => calibrate(newRun()))).toEqual({});
  });
});
