import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { askAllowance } from '../../activities/ask-allowance.ts';
import type { ActivityDeps } from '../../activities/deps.ts';
import { findUnfinished } from '../../activities/find-unfinished.ts';
import { finishSample, type FinishSampleInput } from '../../activities/finish-sample.ts';
import { ModelError, type ModelClient } from '../../activities/io/model/model.ts';
import { jsonBytes, jsonLinesBytes } from '../../activities/io/store/json.ts';
import { planSample } from '../../activities/plan-sample.ts';
import { summarizeSections } from '../../activities/summarize-sections.ts';
import { writeSections } from '../../activities/write-sections.ts';
import { NO_SPENDING } from '../../domain/cost.ts';
import { controlKey, retriesKey } from '../../domain/keys.ts';
import { planLines } from '../../domain/prompts.ts';
import type { Answer, CallRequest } from '../../domain/schemas/call.ts';
import { activityDeps, answerOf } from './activity-deps.ts';

const KEY = 'runs/r/instructions-x.jsonl';
const sample = { run: 'r', revision: 1, instructions: KEY, sample: '0123456789abcdef' };
const WORDS = 'stone river light answer garden winter letter engine shadow market candle bridge'.split(' ');

/** Prose of so many words in which no eight words come twice. */
const prose = (seed: number, words = 120): string =>
  Array.from(
    { length: words },
    (_, index) => WORDS[(index * index * (seed + 3) + index * 7 + seed) % 12]! + (index % 7 === 6 ? '.' : ''),
  ).join(' ');

const PLAN = planLines([
  { mainPoint: 'How the harbour came to be', words: 120 },
  { mainPoint: 'Who worked in it', words: 120 },
  { mainPoint: 'What is left of it', words: 120 },
]).join('\n');

describe('a sample, activity by activity', () => {
  let folder: string;
  let asked: CallRequest[];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'longwriter-writing-'));
    asked = [];
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function deps(answer: (request: CallRequest) => Answer, ...overrides: string[]): Promise<ActivityDeps> {
    const complete: ModelClient['complete'] = async (_connection, request) => (asked.push(request), answer(request));
    const text = ['generation.plan.mode=text', 'generation.section.checks.maxRepeated=1', ...overrides];
    const made = await activityDeps(folder, complete, text);
    const instruction = { id: sample.sample, prompt: 'Write about an old harbour.', documents: ['DOCUMENT'] };
    await made.store.putView(KEY, jsonLinesBytes([instruction]));
    return made;
  }
  const run = <T>(work: () => Promise<T>): Promise<T> => new MockActivityEnvironment().run(work);
  const said = (request: CallRequest | undefined) => request?.messages.map(({ content }) => content).join('\n') ?? '';

  /** Plans, and writes so many sections; returns their calls. */
  async function write(made: ActivityDeps, sections: number) {
    const plan = await run(() => planSample(made, { ...sample, draw: 0, maxDraws: 2 }));
    if (!plan.ok) throw new Error(plan.detail);
    if (sections === 0) return { plan: plan.call, earlier: [] };
    const { written } = await run(() => writeSections(made, { ...sample, plan: plan.call, earlier: [], draw: 0 }));
    expect(written).toHaveLength(3);
    const earlier = written.slice(0, sections);
    return { plan: plan.call, earlier };
  }
  const answers = (request: CallRequest): Answer =>
    said(request).includes('before it is written') ? answerOf(PLAN) : answerOf(prose(asked.length));

  test('plan and sections are told the reference documents', async () => {
    await write(await deps(answers), 1);
    expect(asked.map(said).every((text) => text.includes('DOCUMENT'))).toBe(true);
  });

  test('a refused draw names its call and cost, and the next one is told what was wrong', async () => {
    const made = await deps(
      () => answerOf('I would rather not plan.'),
      'prices={llama.cpp/smollm2-135m-instruct-q4_1: {prompt: 1, completion: 2}}',
    );
    const first = await run(() => planSample(made, { ...sample, draw: 0, maxDraws: 2 }));
    expect(first).toMatchObject({
      ok: false,
      reason: 'plan-unreadable',
      spending: { paid: { calls: 1, dollars: 200 / 1e6 } },
    });
    if (first.ok) return;
    const refused = { reason: first.reason, detail: first.detail };
    await run(() => planSample(made, { ...sample, draw: 1, maxDraws: 2, refused }));
    expect(said(asked[0])).not.toContain('not accepted');
    expect(said(asked[1])).toContain(`not accepted: the plan could not be read (${first.detail})`);
  });

  test('sections follow one another in one step, and taken again it finds what it had written', async () => {
    const made = await deps(answers);
    const counted = vi.spyOn(made.metrics, 'add');
    const sections = () => counted.mock.calls.filter(([name]) => name === 'longwriter_sections_total').length;
    const { plan, earlier } = await write(made, 3);
    expect([asked.length, sections()]).toEqual([4, 3]);
    const again = await run(() => writeSections(made, { ...sample, plan, earlier: [], draw: 0 }));
    expect([again.written, asked.length, sections()]).toEqual([earlier, 4, 3]);
    expect(again.spending.paid.calls).toBe(3);
  });

  test('a slow model is one step a section', async () => {
    const made = await deps(answers);
    const { plan } = await write(made, 0);
    const slow: ActivityDeps = {
      ...made,
      model: {
        complete: async () => {
          await new Promise((done) => setTimeout(done, 1050));
          return answerOf(prose(3));
        },
      },
    };
    const { written } = await run(() => writeSections(slow, { ...sample, plan, earlier: [], draw: 0 }));
    expect(written).toHaveLength(1);
  });

  test('a section that the configuration refuses is refused with its reason', async () => {
    const made = await deps(answers);
    const { plan } = await write(made, 0);
    const refusing = await deps(() => answerOf('Too short.'));
    expect(await run(() => writeSections(refusing, { ...sample, plan, earlier: [], draw: 1 }))).toMatchObject({
      written: [],
      refused: { reason: 'section-words' },
    });
    const { earlier } = await write(made, 1);
    const copying = await deps(() => answerOf(prose(3)));
    expect(await run(() => writeSections(copying, { ...sample, plan, earlier, draw: 1 }))).toMatchObject({
      written: [],
      refused: { reason: 'section-copy' },
    });
  });

  describe('where the window is full', () => {
    const overflow = 'generation.section.overflow=summarize';
    const exceeded = () => {
      throw new ModelError('ContextExceeded', 'http://embedded/v1: 400 the request exceeds the available context size');
    };

    test('the sample fails, unless a summary may stand for its first sections', async () => {
      const { plan, earlier } = await write(await deps(answers), 2);
      const failing = await deps(exceeded);
      await expect(run(() => writeSections(failing, { ...sample, plan, earlier, draw: 1 }))).rejects.toMatchObject({
        problem: 'ContextExceeded',
      });
      const summarizing = await deps(exceeded, overflow);
      expect(await run(() => writeSections(summarizing, { ...sample, plan, earlier, draw: 1 }))).toMatchObject({
        written: [],
        overflow: true,
      });
    });

    test('a window whose size is known is not even asked', async () => {
      const { plan, earlier } = await write(await deps(answers), 2);
      const small = await deps(answers, overflow, 'generation.section.windowTokens=900');
      asked = [];
      expect(await run(() => writeSections(small, { ...sample, plan, earlier, draw: 1 }))).toMatchObject({
        overflow: true,
      });
      expect(asked).toEqual([]);
    });

    test('an answer that was cut before its own limit says so, too', async () => {
      const { plan, earlier } = await write(await deps(answers), 2);
      const cut = await deps(() => answerOf(prose(9), { finishReason: 'length' }), overflow);
      expect(await run(() => writeSections(cut, { ...sample, plan, earlier, draw: 1 }))).toMatchObject({
        overflow: true,
      });
    });

    test('a summary stands for at least one section more, and the next section is told it', async () => {
      const made = await deps(answers, overflow);
      const { plan, earlier } = await write(made, 2);
      const summarizing = await deps(() => answerOf('IN SHORT: a harbour.'), overflow);
      const summary = await run(() => summarizeSections(summarizing, { ...sample, plan, earlier, draw: 0 }));
      expect(summary).toMatchObject({ ok: true, sections: 1 });
      if (!summary.ok) return;
      const stands = { call: summary.call, sections: summary.sections };
      const section = await run(() => writeSections(made, { ...sample, plan, earlier, summary: stands, draw: 0 }));
      expect(section.written).toHaveLength(1);
      expect(said(asked.at(-1))).toContain('IN SHORT: a harbour.');
      const again = await run(() =>
        summarizeSections(summarizing, { ...sample, plan, earlier, summary: stands, draw: 0 }),
      );
      expect(again).toMatchObject({ ok: true, sections: 2 });
    });

    test('once a summary stands for all of it, nothing is left to shorten', async () => {
      const { plan, earlier } = await write(await deps(answers), 1);
      const failing = await deps(exceeded, overflow);
      const input = { ...sample, plan, earlier, summary: { call: earlier[0]!, sections: 1 }, draw: 1 };
      await expect(run(() => writeSections(failing, input))).rejects.toMatchObject({ problem: 'ContextExceeded' });
    });
  });

  describe('what is unfinished', () => {
    const find = (made: ActivityDeps) =>
      findUnfinished(made, {
        run: 'r',
        revision: 1,
        work: { kind: 'samples', instructions: KEY },
        offset: 0,
        count: 9,
      });
    const finished: FinishSampleInput = {
      ...sample,
      sections: [],
      summaries: [],
      refused: [],
      rejected: 'plan-words',
      retry: { draws: 0, anew: 0 },
      spending: NO_SPENDING,
    };

    test('a verdict under the same settings is passed over; opened again, it is unfinished with its retry', async () => {
      const made = await deps(answers);
      expect((await find(made)).items).toEqual([{ id: sample.sample }]);
      await run(() => finishSample(made, finished));
      expect(await find(made)).toMatchObject({ items: [], finished: { rejected: { 'plan-words': 1 } } });

      const retry = { draws: 1, anew: 0 };
      await made.store.putView(retriesKey('r'), jsonBytes({ [sample.sample]: retry }));
      expect((await find(made)).items).toEqual([{ id: sample.sample, retry }]);
      await run(() => finishSample(made, { ...finished, retry }));
      expect((await find(made)).items).toEqual([]);
    });

    test('with a budget each item has an upper bound, which grows with its draws and shrinks once it is planned', async () => {
      const made = await deps(answers, 'budget.tokens=1000000');
      const [item] = (await find(made)).items;
      const more = await deps(answers, 'budget.tokens=1000000', 'generation.maxDraws=10');
      expect((await find(more)).items[0]!.bound).toBeCloseTo(2 * item!.bound!, -1);
      const plan = await run(() => planSample(made, { ...sample, draw: 0, maxDraws: 5 }));
      expect(plan.ok && plan.bound).toBeLessThan(item!.bound!);
      // Whatever the answers are, they stay below: as long as they may be, after prompts that hold all before them.
      const most = 3 * 700 + 600;
      expect(plan.ok && plan.bound).toBeGreaterThan(most);
    });
  });

  describe('askAllowance', () => {
    const ask = (made: ActivityDeps, needed: number) =>
      run(() => askAllowance(made, { run: 'r', revision: 1, needed, left: 4 }));

    test('is the budget less what the run has paid for', async () => {
      const made = await deps(answers, 'budget.tokens=1000');
      await write(made, 1);
      expect(await ask(made, 0)).toEqual({ allowance: 1000 - 4 * 150 });
    });

    test('pauses the run with the sums where not even the smallest item fits', async () => {
      const made = await deps(answers, 'budget.tokens=1000');
      await write(made, 1);
      await expect(ask(made, 401)).rejects.toMatchObject({ type: 'Budget.Reached', nonRetryable: true });
      const control = new TextDecoder().decode(await made.store.find(controlKey('r')));
      expect(control).toMatch(/600 tokens of 1,000 tokens are spent; 4 items are left.*up to 401 tokens.*--budget/);
    });
  });
});
