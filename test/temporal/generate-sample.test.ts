import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FinishSampleInput } from '../../activities/finish-sample.ts';
import { failure } from '../../activities/failures.ts';
import type { PlanSampleInput } from '../../activities/plan-sample.ts';
import type { WriteSectionInput } from '../../activities/write-section.ts';
import { PIPELINE_QUEUE } from '../../domain/names.ts';
import type { generateSample } from '../../workflows/generate-sample.ts';
import { newRun, startTestPipeline, type TestPipeline } from './environment.ts';
import { missing } from '../parts.ts';

describe.skipIf(missing('services'))('generateSample', () => {
  let pipeline: TestPipeline;
  beforeAll(async () => {
    pipeline = await startTestPipeline();
  });
  afterAll(() => pipeline.close());

  /** Runs one sample on faked activities that write down what they were asked. */
  async function generate(fakes: {
    plan: (input: PlanSampleInput) => object;
    section: (input: WriteSectionInput) => object;
  }) {
    const finished: FinishSampleInput[] = [];
    const asked: (PlanSampleInput | WriteSectionInput)[] = [];
    const run = newRun();
    const activities = {
      planSample: async (input: PlanSampleInput) => (asked.push(input), fakes.plan(input)),
      writeSection: async (input: WriteSectionInput) => (asked.push(input), fakes.section(input)),
      finishSample: async (input: FinishSampleInput) => {
        finished.push(input);
        return input.rejected
          ? { verdict: 'rejected', reason: input.rejected, words: 0 }
          : { verdict: 'kept', words: 7 };
      },
    };
    const outcome = await pipeline.withActivities(activities, () =>
      pipeline.environment.client.workflow.execute<typeof generateSample>('generateSample', {
        taskQueue: PIPELINE_QUEUE,
        workflowId: `${run}.sample.x`,
        args: [{ run, revision: 1, instructions: 'i', sample: 'x', maxDraws: 3 }],
      }),
    );
    return { outcome, finished, asked };
  }

  test('writes sections in order, each seeing the calls of those before it', async () => {
    const { outcome, finished, asked } = await generate({
      plan: () => ({ ok: true, call: 'p', sections: [200, 300, 400] }),
      section: ({ earlier }) => ({ ok: true, call: `s${earlier.length}`, words: 10 }),
    });
    expect(outcome).toEqual({ verdict: 'kept', words: 7 });
    expect(asked.slice(1)).toMatchObject([
      { plan: 'p', earlier: [], draw: 0 },
      { plan: 'p', earlier: ['s0'], draw: 0 },
      { plan: 'p', earlier: ['s0', 's1'], draw: 0 },
    ]);
    expect(finished).toMatchObject([{ plan: 'p', sections: ['s0', 's1', 's2'] }]);
  });

  test('asks again as the next draw, and keeps the first answer that is accepted', async () => {
    const { outcome, asked } = await generate({
      plan: ({ draw }) =>
        draw < 1 ? { ok: false, reason: 'plan-words', detail: '' } : { ok: true, call: 'p1', sections: [200] },
      section: ({ draw }) => (draw < 2 ? { ok: false, reason: 'section-empty' } : { ok: true, call: 's', words: 10 }),
    });
    expect(outcome).toMatchObject({ verdict: 'kept' });
    expect(asked.map(({ draw }) => draw)).toEqual([0, 1, 0, 1, 2]);
  });

  test('rejects with the last reason once the draws are spent, and asks no more', async () => {
    const { outcome, asked, finished } = await generate({
      plan: () => ({ ok: true, call: 'p', sections: [200, 200] }),
      section: ({ earlier }) =>
        earlier.length === 0 ? { ok: true, call: 's', words: 1 } : { ok: false, reason: 'section-refusal' },
    });
    expect(outcome).toMatchObject({ verdict: 'rejected', reason: 'section-refusal' });
    expect(asked).toHaveLength(1 + 1 + 3);
    expect(finished).toMatchObject([{ plan: 'p', sections: ['s'], rejected: 'section-refusal' }]);
  });

  test('a bad request fails the sample as an outcome, without a verdict', async () => {
    const { outcome, finished } = await generate({
      plan: () => {
        throw failure('Model.BadRequest', 'too long');
      },
      section: () => ({}),
    });
    expect(outcome).toEqual({ verdict: 'failed', type: 'Model.BadRequest' });
    expect(finished).toEqual([]);
  });

  test('a failure of transport is tried again with the same draw', async () => {
    let tries = 0;
    const { outcome, asked } = await generate({
      plan: () => {
        if (++tries < 3) throw failure('Model.ServerError', '500', { retryAfterMs: 1 });
        return { ok: true, call: 'p', sections: [] };
      },
      section: () => ({}),
    });
    expect(outcome).toMatchObject({ verdict: 'kept' });
    expect(asked.map(({ draw }) => draw)).toEqual([0, 0, 0]);
  });

  test('a wrong key is no outcome: the step is taken again until it is accepted', async () => {
    let tries = 0;
    const { outcome } = await generate({
      plan: () => {
        if (++tries === 1) throw failure('Model.Unauthorized', '401');
        return { ok: true, call: 'p', sections: [] };
      },
      section: () => ({}),
    });
    expect(outcome).toMatchObject({ verdict: 'kept' });
    expect(tries).toBe(2);
  });
});
