import { Context } from '@temporalio/activity';
import { CancelledFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { failure } from '../../activities/failures.ts';
import type { FinishSampleInput } from '../../activities/finish-sample.ts';
import type { FindUnfinishedInput } from '../../activities/find-unfinished.ts';
import type { JudgeCompletionsInput } from '../../activities/work-on-completions.ts';
import type { ItemResult } from '../../domain/tally.ts';
import type { PlanSampleInput } from '../../activities/plan-sample.ts';
import { NO_SPENDING } from '../../domain/cost.ts';
import type { Spending } from '../../domain/schemas/call.ts';
import { PIPELINE_QUEUE } from '../../domain/names.ts';
import type { ItemCounts } from '../../domain/tally.ts';
import type { partition, PartitionInput } from '../../workflows/partition.ts';
import { missing } from '../parts.ts';
import { newRun, startTestPipeline, type TestPipeline } from './environment.ts';

const spending = NO_SPENDING;
const none = { kept: 0, rejected: {}, words: 0, spending };
const samples = { kind: 'samples', instructions: 'i' } as const;

describe.skipIf(missing('services'))('partition', () => {
  let pipeline: TestPipeline;
  beforeAll(async () => {
    pipeline = await startTestPipeline();
  });
  afterAll(() => pipeline.close());

  function run(id: string, input: Partial<PartitionInput> = {}): Promise<ItemCounts> {
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
          group: { name: 'samples', total: input.count ?? 6 },
          reportEvery: 1,
          ...input,
        },
      ],
    });
  }

  /** Items are named by their place; `unfinished` says which lack a result. */
  const finder = (unfinished: (index: number) => boolean) => async (input: FindUnfinishedInput) => {
    const range = Array.from({ length: input.count }, (_, index) => input.offset + index);
    const items = range.filter(unfinished).map((index) => ({ id: String(index) }));
    return { items, finished: { ...none, kept: input.count - items.length } };
  };

  test('starts no child for what is finished, and counts it', async () => {
    const asked: string[] = [];
    const counts = await pipeline.withActivities(
      {
        findUnfinished: finder((index) => index >= 4),
        planSample: async ({ sample }: PlanSampleInput) => (
          asked.push(sample),
          { ok: true, call: 'p', sections: [], spending }
        ),
        finishSample: async () => ({ verdict: 'kept', words: 1, spending }),
      },
      () => run(newRun(), {}),
    );
    expect(counts).toMatchObject({ kept: 6, rejected: {}, failed: {} });
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
          return { ok: true, call: 'p', sections: [], spending };
        },
        finishSample: async () => ({ verdict: 'kept', words: 1, spending }),
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
          return { items: [], finished: { ...none, kept: input.count - 1, rejected: { 'too-short': 1 } } };
        },
      },
      () => run(newRun(), { count: 1250, size: 500 }),
    );
    expect(counts).toMatchObject({ kept: 1247, rejected: { 'too-short': 3 }, failed: {} });
    expect(looked.toSorted()).toEqual(['0+500', '1000+250', '500+500']);
  });

  test('one failed item is counted by its type and fails no other', async () => {
    const counts = await pipeline.withActivities(
      {
        findUnfinished: finder(() => true),
        planSample: async ({ sample }: PlanSampleInput) => {
          if (sample === '3') throw failure('Model.BadRequest', 'no');
          return { ok: true, call: 'p', sections: [], spending };
        },
        finishSample: async () => ({ verdict: 'kept', words: 1, spending }),
      },
      () => run(newRun(), {}),
    );
    expect(counts).toMatchObject({ kept: 5, rejected: {}, failed: { 'Model.BadRequest': 1 } });
  });

  test('many completions are judged some at a time, each counted by itself', async () => {
    const batches: JudgeCompletionsInput[] = [];
    const ids = Array.from({ length: 120 }, (_, index) => ({ id: `p${index}-0` }));
    const work = { kind: 'judgements', folder: 'f', completions: 1, judgements: 2, positions: true, fresh: 'now' };
    const verdicts: Record<string, ItemResult> = {
      'p0-0': { verdict: 'rejected', reason: 'unscored', spending },
      'p1-0': { verdict: 'failed', type: 'Model.BadRequest', spending },
    };
    const counts = await pipeline.withActivities(
      {
        findUnfinished: async () => ({ items: ids, finished: none }),
        judgeCompletions: async (input: JudgeCompletionsInput) => {
          batches.push(input);
          return input.items.map((id) => verdicts[id] ?? { verdict: 'kept', spending });
        },
      },
      () => run(newRun(), { work: work as never, count: 120, size: 500 }),
    );
    expect(counts).toMatchObject({ kept: 118, rejected: { unscored: 1 }, failed: { 'Model.BadRequest': 1 } });
    expect(batches.map(({ items }) => items.length)).toEqual(Array.from({ length: 40 }, () => 3));
    expect(batches[0]).toMatchObject({ judgements: 2, positions: true, fresh: 'now' });
  });

  /** Samples that may cost up to `bound`, of which each pays 2 tokens; tells the most that were in progress at once. */
  async function spend(allowance: number, bound: number, planned?: number) {
    const slow = planned === undefined ? 300 : 1500;
    let inProgress = 0;
    let most = 0;
    const cost = { calls: 1, promptTokens: 0, cachedTokens: 0, completionTokens: 2, dollars: 0 };
    const counts = await pipeline.withActivities(
      {
        findUnfinished: async ({ offset, count }: FindUnfinishedInput) => ({
          items: Array.from({ length: count }, (_, index) => ({ id: `${offset + index}`, bound })),
          finished: none,
        }),
        planSample: async () => ({
          ok: true,
          call: 'p',
          sections: [200],
          spending,
          ...(planned === undefined ? {} : { bound: planned }),
        }),
        writeSections: async () => {
          most = Math.max(most, ++inProgress);
          await new Promise((done) => setTimeout(done, slow));
          inProgress--;
          return { written: ['s'], spending: { used: cost, paid: cost, fresh: cost } };
        },
        finishSample: async (input: FinishSampleInput) => ({ verdict: 'kept', words: 200, spending: input.spending }),
      },
      () => run(newRun(), { window: 6, allowance: { unit: 'tokens', amount: allowance } }),
    );
    return { counts, most };
  }

  test('reserves the most that a sample may cost, and uses what it did not cost for the next', async () => {
    const { counts, most } = await spend(25, 10);
    expect(counts).toMatchObject({
      kept: 6,
      words: 1200,
      unpaid: { items: 0 },
      spending: { paid: { completionTokens: 12 } },
    });
    expect(most).toBe(2);
  });

  test('begins nothing that might cost more than is left, and says what it would take', async () => {
    const { counts } = await spend(25, 24);
    expect(counts).toMatchObject({ kept: 1, failed: {}, unpaid: { items: 5, least: 24 } });
  });

  test('a planned sample reserves only what its own sections may cost', async () => {
    const { counts, most } = await spend(60, 30, 3);
    expect(counts.kept).toBe(6);
    expect(most).toBeGreaterThan(2);
  });

  /** Two samples, each with a plan and one section that take so much; what they may cost at most; and an allowance. */
  async function two(allowance: number, plan: Spending, section: Spending) {
    return pipeline.withActivities(
      {
        findUnfinished: async () => ({
          items: [
            { id: 'a', bound: 100 },
            { id: 'b', bound: 50 },
          ],
          finished: none,
        }),
        planSample: async () => ({ ok: true, call: 'p', sections: [200], spending: plan, bound: 50 }),
        writeSections: async () => {
          await new Promise((done) => setTimeout(done, 500));
          return { written: ['s'], spending: section };
        },
        finishSample: async (input: FinishSampleInput) => ({ verdict: 'kept', words: 200, spending: input.spending }),
      },
      () => run(newRun(), { count: 2, allowance: { unit: 'tokens', amount: allowance } }),
    );
  }
  const tokens = (completionTokens: number) => ({ ...NO_SPENDING.used, completionTokens });
  const asked = (count: number): Spending => ({ used: tokens(count), paid: tokens(count), fresh: tokens(count) });
  const found = (count: number): Spending => ({ ...asked(count), fresh: NO_SPENDING.used });

  test('what a plan took stays reserved beside what its sections may take', async () => {
    const counts = await two(100, asked(50), asked(50));
    expect(counts).toMatchObject({ kept: 1, unpaid: { items: 1 }, spending: { paid: { completionTokens: 100 } } });
  });

  test('what was paid before, and only found again, is not taken from the allowance a second time', async () => {
    expect(await two(100, found(50), found(50))).toMatchObject({ kept: 2, unpaid: { items: 0 } });
  });

  test('parts share an allowance, and together never reserve more than it', async () => {
    let reserved = 0;
    const counts = await pipeline.withActivities(
      {
        findUnfinished: async ({ count }: FindUnfinishedInput) => ({
          items: Array.from({ length: count }, (_, index) => ({ id: `${index}`, bound: 40 })),
          finished: none,
        }),
        planSample: async () => (reserved++, { ok: true, call: 'p', sections: [], spending }),
        finishSample: async () => ({ verdict: 'kept', words: 1, spending }),
      },
      () => run(newRun(), { count: 4, size: 2, allowance: { unit: 'tokens', amount: 60 } }),
    );
    // Two parts have 30 each, which is room for none; a second pass, one part at a time, would have it.
    expect([counts.kept, counts.unpaid, reserved]).toEqual([0, { items: 4, least: 40 }, 0]);
  });

  test('cancelled, it ends once all its calls have, not with an item that waits for its next attempt', async () => {
    const { client } = pipeline.environment;
    const id = newRun();
    const trace: string[] = [];
    await pipeline.withActivities(
      {
        findUnfinished: finder(() => true),
        planSample: async ({ sample }: PlanSampleInput) => {
          const context = Context.current();
          trace.push(sample);
          if (sample === '0') throw failure('Run.Paused', 'later', { retryAfterMs: 60_000 });
          const beat = setInterval(() => context.heartbeat(), 50);
          await context.cancelled.catch(() => undefined).finally(() => clearInterval(beat));
          await new Promise((done) => setTimeout(done, 300));
          trace.push('call ended');
          throw new CancelledFailure('call ended');
        },
      },
      async () => {
        const ended = run(id, { count: 2 }).catch((error: unknown) => error);
        await vi.waitFor(() => expect(trace.toSorted()).toEqual(['0', '1']), 20_000);
        await client.workflow.getHandle(`${id}.generate`).cancel();
        expect(await ended).toMatchObject({ cause: { name: 'CancelledFailure' } });
        expect(trace).toContain('call ended');
      },
    );
  });

  test('parts that are smaller than what is reported at a time are reported together', async () => {
    let reports = 0;
    const id = newRun();
    const count = 400;
    await pipeline.withActivities(
      {
        findUnfinished: async (input: FindUnfinishedInput) => ({
          items: [],
          finished: { ...none, kept: input.count },
        }),
      },
      async () => {
        await run(id, { count, size: 10, reportEvery: 100 });
        const { client } = pipeline.environment;
        const parts = Array.from({ length: count / 10 }, (_, index) => `${id}.generate.samples.${index}`);
        for (const workflowId of [`${id}.generate`, ...parts]) {
          const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
          reports += events!.filter((event) => event.signalExternalWorkflowExecutionInitiatedEventAttributes).length;
        }
      },
    );
    // The first part, each hundred after that, and the end.
    expect(reports).toBe(5);
  });
});
