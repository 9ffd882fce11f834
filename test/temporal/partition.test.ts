import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { failure } from '../../activities/failures.ts';
import type { FindUnfinishedInput } from '../../activities/find-unfinished.ts';
import type { JudgeCompletionInput } from '../../activities/judge-completion.ts';
import type { PlanSampleInput } from '../../activities/plan-sample.ts';
import type { ItemCounts } from '../../activities/stage-outcomes.ts';
import { PIPELINE_QUEUE } from '../../domain/names.ts';
import type { partition, PartitionInput } from '../../workflows/partition.ts';
import { missing } from '../parts.ts';
import { newRun, startTestPipeline, type TestPipeline } from './environment.ts';

const samples = { kind: 'samples', instructions: 'i' } as const;

describe.skipIf(missing('services'))('partition', () => {
  let pipeline: TestPipeline;
  beforeAll(async () => {
    pipeline = await startTestPipeline();
  });
  afterAll(() => pipeline.close());

  function run(id: string, input: Partial<PartitionInput>): Promise<ItemCounts> {
    return pipeline.environment.client.workflow.execute<typeof partition>('partition', {
      taskQueue: PIPELINE_QUEUE,
      workflowId: `${id}.generate`,
      args: [
        {
          run: id,
          revision: 1,
          stage: 'generate',
          part: 'samples',
          work: samples,
          offset: 0,
          count: 6,
          size: 500,
          window: 2,
          maxDraws: 2,
          ...input,
        },
      ],
    });
  }

  /** Items are named by their place; `unfinished` says which lack a result. */
  const finder = (unfinished: (index: number) => boolean) => async (input: FindUnfinishedInput) => {
    const range = Array.from({ length: input.count }, (_, index) => input.offset + index);
    const items = range.filter(unfinished).map(String);
    return { items, kept: input.count - items.length, rejected: {} };
  };

  test('starts no child for what is finished, and counts it', async () => {
    const asked: string[] = [];
    const counts = await pipeline.withActivities(
      {
        findUnfinished: finder((index) => index >= 4),
        planSample: async ({ sample }: PlanSampleInput) => (asked.push(sample), { ok: true, call: 'p', sections: [] }),
        finishSample: async () => ({ verdict: 'kept', words: 1 }),
      },
      () => run(newRun(), {}),
    );
    expect(counts).toEqual({ kept: 6, rejected: {}, failed: {} });
    expect(asked.toSorted()).toEqual(['4', '5']);
  });

  test('keeps at most a window in progress, and lets no slow item hold the others up', async () => {
    let inProgress = 0;
    let most = 0;
    const ended: string[] = [];
    let resolve = (): void => undefined;
    const lastEnded = new Promise<void>((done) => (resolve = done));
    await pipeline.withActivities(
      {
        findUnfinished: finder(() => true),
        planSample: async ({ sample }: PlanSampleInput) => {
          most = Math.max(most, ++inProgress);
          // The first item ends only after all others have.
          if (sample === '0') await lastEnded;
          inProgress--;
          ended.push(sample);
          if (ended.length === 5) resolve();
          return { ok: true, call: 'p', sections: [] };
        },
        finishSample: async () => ({ verdict: 'kept', words: 1 }),
      },
      () => run(newRun(), {}),
    );
    expect(most).toBe(2);
    expect(ended).toEqual(['1', '2', '3', '4', '5', '0']);
  });

  test('splits more items than one partition holds, and adds the counts up', async () => {
    const looked: string[] = [];
    const counts = await pipeline.withActivities(
      {
        findUnfinished: async (input: FindUnfinishedInput) => {
          looked.push(`${input.offset}+${input.count}`);
          return { items: [], kept: input.count - 1, rejected: { 'too-short': 1 } };
        },
      },
      () => run(newRun(), { count: 1250, size: 500 }),
    );
    expect(counts).toEqual({ kept: 1247, rejected: { 'too-short': 3 }, failed: {} });
    expect(looked.toSorted()).toEqual(['0+500', '1000+250', '500+500']);
  });

  test('one failed item is counted by its type and fails no other', async () => {
    const counts = await pipeline.withActivities(
      {
        findUnfinished: finder(() => true),
        planSample: async ({ sample }: PlanSampleInput) => {
          if (sample === '3') throw failure('Model.BadRequest', 'no');
          return { ok: true, call: 'p', sections: [] };
        },
        finishSample: async () => ({ verdict: 'kept', words: 1 }),
      },
      () => run(newRun(), {}),
    );
    expect(counts).toEqual({ kept: 5, rejected: {}, failed: { 'Model.BadRequest': 1 } });
  });

  test('a judge that cannot be read is asked again, told of the earlier calls, and at last leaves it unscored', async () => {
    const asked: JudgeCompletionInput[] = [];
    const counts = await pipeline.withActivities(
      {
        findUnfinished: async () => ({ items: ['a-0', 'b-1'], kept: 0, rejected: {} }),
        judgeCompletion: async (input: JudgeCompletionInput) => {
          asked.push(input);
          if (input.prompt === 'a') return { ok: true, scored: true };
          return input.last
            ? { ok: true, scored: false }
            : { ok: false, reason: 'no JSON object', call: `c${input.draw}` };
        },
      },
      () => run(newRun(), { work: { kind: 'judgements', folder: 'f', completions: 2 }, count: 2 }),
    );
    expect(counts).toEqual({ kept: 1, rejected: { unscored: 1 }, failed: {} });
    expect(asked.filter(({ prompt }) => prompt === 'b')).toMatchObject([
      { completion: 1, draw: 0, last: false, earlier: [] },
      { completion: 1, draw: 1, last: true, earlier: ['c0'] },
    ]);
  });
});
