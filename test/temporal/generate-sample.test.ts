import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FinishSampleInput } from '../../activities/finish-sample.ts';
import { failure } from '../../activities/failures.ts';
import type { PlanSampleInput } from '../../activities/plan-sample.ts';
import type { SummarizeSectionsInput } from '../../activities/summarize-sections.ts';
import type { WriteSectionsInput } from '../../activities/write-sections.ts';
import { NO_SPENDING } from '../../domain/cost.ts';
import { PIPELINE_QUEUE } from '../../domain/names.ts';
import type { Spending } from '../../domain/schemas/call.ts';
import type { Retry } from '../../domain/schemas/run.ts';
import type { generateSample } from '../../workflows/generate-sample.ts';
import { newRun, startTestPipeline, type TestPipeline } from './environment.ts';
import { missing } from '../parts.ts';

const spending = NO_SPENDING;

describe.skipIf(missing('services'))('generateSample', () => {
  let pipeline: TestPipeline;
  beforeAll(async () => {
    pipeline = await startTestPipeline();
  });
  afterAll(() => pipeline.close());

  /** Runs one sample on faked activities that write down what they were asked. */
  async function generate(fakes: {
    plan: (input: PlanSampleInput) => object;
    section: (input: WriteSectionsInput) => object;
    summary?: (input: SummarizeSectionsInput) => object;
    retry?: Retry;
  }) {
    const finished: FinishSampleInput[] = [];
    const asked: (PlanSampleInput | WriteSectionsInput)[] = [];
    const run = newRun();
    const sample = { run, revision: 1, instructions: 'i', sample: 'x', maxDraws: 3 };
    const activities = {
      planSample: async (input: PlanSampleInput) => (asked.push(input), fakes.plan(input)),
      writeSections: async (input: WriteSectionsInput) => (asked.push(input), outcomeOf(fakes.section(input))),
      summarizeSections: async (input: SummarizeSectionsInput) => (asked.push(input), fakes.summary?.(input)),
      finishSample: async (input: FinishSampleInput) => {
        finished.push(input);
        return input.rejected
          ? { verdict: 'rejected', reason: input.rejected, words: 0, spending: input.spending }
          : { verdict: 'kept', words: 7, spending: input.spending };
      },
    };
    const outcome = await pipeline.withActivities(activities, () =>
      pipeline.environment.client.workflow.execute<typeof generateSample>('generateSample', {
        taskQueue: PIPELINE_QUEUE,
        workflowId: `${run}.sample.x`,
        args: [{ ...sample, ...(fakes.retry ? { retry: fakes.retry } : {}) }],
      }),
    );
    return { outcome, finished, asked };
  }

  test('writes sections in order, each seeing the calls of those before it', async () => {
    const { outcome, finished, asked } = await generate({
      plan: () => ({ ok: true, call: 'p', sections: [200, 300, 400], spending }),
      section: ({ earlier }) => ({ ok: true, call: `s${earlier.length}`, words: 10, spending }),
    });
    expect(outcome).toMatchObject({ verdict: 'kept', words: 7 });
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
        draw < 1
          ? { ok: false, reason: 'plan-words', detail: '', spending }
          : { ok: true, call: 'p1', sections: [200], spending },
      section: ({ draw }) =>
        draw < 2 ? { ok: false, reason: 'section-empty', spending } : { ok: true, call: 's', words: 10, spending },
    });
    expect(outcome).toMatchObject({ verdict: 'kept' });
    expect(asked.map(({ draw }) => draw)).toEqual([0, 1, 0, 1, 2]);
  });

  test('rejects with the last reason once the draws are spent, and asks no more', async () => {
    const { outcome, asked, finished } = await generate({
      plan: () => ({ ok: true, call: 'p', sections: [200, 200], spending }),
      section: ({ earlier }) =>
        earlier.length === 0
          ? { ok: true, call: 's', words: 1, spending }
          : { ok: false, reason: 'section-refusal', spending },
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
    expect(outcome).toMatchObject({ verdict: 'failed', type: 'Model.BadRequest' });
    expect(finished).toEqual([]);
  });

  test('a failure of transport is tried again with the same draw', async () => {
    let tries = 0;
    const { outcome, asked } = await generate({
      plan: () => {
        if (++tries < 3) throw failure('Model.ServerError', '500', { retryAfterMs: 1 });
        return { ok: true, call: 'p', sections: [], spending };
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
        return { ok: true, call: 'p', sections: [], spending };
      },
      section: () => ({}),
    });
    expect(outcome).toMatchObject({ verdict: 'kept' });
    expect(tries).toBe(2);
  });

  test('several sections in one step: what was accepted stays, and the draws of the next one begin anew', async () => {
    const steps = [
      { written: ['s0'], spending, refused: { reason: 'section-copy', detail: '', call: 'r1' } },
      { written: [], spending, refused: { reason: 'section-copy', detail: '', call: 'r2' } },
      { written: ['s1', 's2'], spending, refused: { reason: 'section-leak', detail: '', call: 'r3' } },
      { written: ['s3'], spending },
    ];
    const { asked, finished } = await generate({
      plan: () => ({ ok: true, call: 'p', sections: [200, 200, 200, 200], spending }),
      section: () => steps.shift()!,
    });
    expect(asked.slice(1).map(({ draw, refused }) => [draw, refused?.reason])).toEqual([
      [0, undefined],
      [1, 'section-copy'],
      [2, 'section-copy'],
      [1, 'section-leak'],
    ]);
    expect(finished).toMatchObject([
      {
        sections: ['s0', 's1', 's2', 's3'],
        refused: [
          { step: 'section 2', call: 'r1' },
          { step: 'section 2', call: 'r2' },
          { step: 'section 4', call: 'r3' },
        ],
      },
    ]);
  });

  test('tells each draw what was wrong with the one before, and keeps every refused call with its cost', async () => {
    const { asked, finished, outcome } = await generate({
      plan: () => ({ ok: true, call: 'p', sections: [200], spending: paid(1) }),
      section: ({ draw }) =>
        draw === 0
          ? { ok: false, reason: 'section-words', detail: '20 of 200 words', call: 's0', spending: paid(2) }
          : { ok: true, call: 's1', words: 200, spending: paid(4) },
    });
    expect(asked.map((input) => input.refused)).toEqual([
      undefined,
      undefined,
      { reason: 'section-words', detail: '20 of 200 words' },
    ]);
    expect(finished).toMatchObject([
      { sections: ['s1'], refused: [{ step: 'section 1', call: 's0', reason: 'section-words' }] },
    ]);
    expect(outcome.spending.paid).toMatchObject({ calls: 3, completionTokens: 7 });
  });

  test('a text that outgrows the window goes on from a summary, again and again', async () => {
    const { asked, finished, outcome } = await generate({
      plan: () => ({ ok: true, call: 'p', sections: [200, 200, 200, 200], spending }),
      // The window holds one section in full beside a summary.
      section: ({ earlier, summary }) =>
        earlier.length - (summary?.sections ?? 0) > 1
          ? { ok: false, overflow: true }
          : { ok: true, call: `s${earlier.length}`, words: 200, spending },
      summary: ({ earlier }) => ({ ok: true, call: `m${earlier.length}`, sections: earlier.length - 1, spending }),
    });
    expect(outcome.verdict).toBe('kept');
    expect(finished).toMatchObject([
      {
        sections: ['s0', 's1', 's2', 's3'],
        summaries: [
          { call: 'm2', sections: 1 },
          { call: 'm3', sections: 2 },
        ],
        refused: [],
      },
    ]);
    const last = asked.at(-1) as WriteSectionsInput;
    expect(last).toMatchObject({ earlier: ['s0', 's1', 's2'], summary: { call: 'm3', sections: 2 }, draw: 0 });
  });

  test('opened again, a step gets as many draws more, and those that were refused before are walked again', async () => {
    const { asked, outcome } = await generate({
      retry: { draws: 1, anew: 0 },
      plan: ({ draw }) =>
        draw < 4
          ? { ok: false, reason: 'plan-words', detail: '', call: 'p', spending }
          : { ok: true, call: 'p', sections: [], spending },
      section: () => ({}),
    });
    expect(outcome.verdict).toBe('kept');
    expect(asked.map(({ draw, series }) => [draw, series])).toEqual([0, 1, 2, 3, 4].map((draw) => [draw, undefined]));
  });

  test('opened again to be written anew, a sample asks questions of its own', async () => {
    const { asked, finished } = await generate({
      retry: { draws: 0, anew: 2 },
      plan: () => ({ ok: true, call: 'p', sections: [200], spending }),
      section: () => ({ ok: true, call: 's', words: 200, spending }),
    });
    expect(asked.map(({ series }) => series)).toEqual(['anew-2', 'anew-2']);
    expect(finished).toMatchObject([{ retry: { draws: 0, anew: 2 } }]);
  });
});

/** One paid call of so many tokens written. */
function paid(completionTokens: number): Spending {
  const cost = { calls: 1, promptTokens: 0, cachedTokens: 0, completionTokens, dollars: 0 };
  return { used: cost, paid: cost, fresh: cost };
}

/** An answer about one section, as the activity tells it. */
function outcomeOf(answer: object): object {
  if (!('ok' in answer)) return answer;
  const { ok, call = 'r', spending: spent = spending, detail = '', reason } = answer as Record<string, unknown>;
  if ('overflow' in answer) return { written: [], spending, overflow: true };
  return ok
    ? { written: [call], spending: spent }
    : { written: [], spending: spent, refused: { reason, detail, call } };
}
