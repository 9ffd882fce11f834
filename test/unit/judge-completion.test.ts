import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ActivityDeps } from '../../activities/deps.ts';
import { findUnfinished } from '../../activities/find-unfinished.ts';
import { ModelError } from '../../activities/io/model/model.ts';
import { jsonBytes, jsonLinesBytes, readJson } from '../../activities/io/store/json.ts';
import { judgeCompletion, type JudgeCompletionInput } from '../../activities/judge-completion.ts';
import { judgeSettings } from '../../activities/judge-settings.ts';
import { NO_SPENDING } from '../../domain/cost.ts';
import { sha256Hex } from '../../domain/fingerprint.ts';
import { completionKey, judgementKey } from '../../domain/keys.ts';
import { countWords } from '../../domain/length.ts';
import type { Answer, CallRequest } from '../../domain/schemas/call.ts';
import { DIMENSIONS, Judgement, type Completion } from '../../domain/schemas/completion.ts';
import { inActivity } from '../samples.ts';
import { activityDeps, answerOf } from './activity-deps.ts';

const FOLDER = 'runs/r/evaluations/m-1';
const PROMPT = { id: '0123456789abcdef', prompt: 'Write about tea.', length: 100, type: 'essay' };
const reference = {
  run: 'r',
  revision: 1,
  purpose: 'evaluation',
  folder: FOLDER,
  prompt: PROMPT.id,
  completion: 0,
} as const;
const scores = (score: number) => JSON.stringify(Object.fromEntries(DIMENSIONS.map((name) => [name, score])));
/** Paragraphs of fifty words, each of which begins with its number in letters. */
const textOf = (paragraphs: number) =>
  Array.from({ length: paragraphs }, (_, index) => `${'ABCDEFGHIJ'[index % 10]!}x ${'word '.repeat(48)}end.`).join(
    '\n\n',
  );
const said = ({ messages }: CallRequest) => messages[0]!.content;

describe('judgeCompletion', () => {
  let folder: string;
  let asked: CallRequest[];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'longwriter-judge-'));
    asked = [];
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** A store with one completion, and a judge that answers so; it may throw, too. */
  async function prepare(text: string, answer: (request: CallRequest) => Answer | Promise<Answer>, ...set: string[]) {
    const complete = async (_: unknown, request: CallRequest) => (asked.push(request), answer(request));
    const deps = await activityDeps(folder, complete, ['judge.maxDraws=3', ...set]);
    const completion: Completion = {
      prompt: PROMPT.id,
      completion: 0,
      text,
      words: countWords(text),
      finishReason: 'stop',
      lengthScore: 0,
      measures: { distinct: 1, compressionRatio: 1 },
      refusal: false,
      spending: NO_SPENDING,
    };
    await deps.store.putView(`${FOLDER}/prompts.jsonl`, jsonLinesBytes([PROMPT]));
    await deps.store.putView(completionKey(FOLDER, PROMPT.id, 0), jsonBytes(completion));
    return deps;
  }
  async function judge(deps: ActivityDeps, more: Partial<JudgeCompletionInput> = {}) {
    const input = { ...reference, judgement: 0, ...more };
    const outcome = await inActivity(() => judgeCompletion(deps, input));
    return {
      ...outcome,
      view: await readJson(deps.store, judgementKey(FOLDER, PROMPT.id, 0, input.judgement), Judgement),
    };
  }

  test('scores a text as a whole, and costs nothing the second time', async () => {
    const deps = await prepare(textOf(2), () => answerOf(scores(4)));
    const { view } = await judge(deps);
    expect(view).toMatchObject({ qualityScore: 75, parts: [{ from: 0, words: 100 }] });
    expect(await judge(deps)).toMatchObject({
      scores: expect.anything(),
      spending: { fresh: { calls: 0 }, used: { calls: 1 } },
    });
    expect(asked).toHaveLength(1);
    expect(said(asked[0]!)).not.toContain('part of a longer text');
  });

  test('asks again until an answer can be read, and each judgement and firing for itself', async () => {
    const deps = await prepare(textOf(1), ({ draw }) => answerOf(draw === 0 ? 'Well written.' : scores(3)));
    expect(await judge(deps)).toMatchObject({
      scores: expect.anything(),
      spending: { used: { calls: 2 } },
      view: { qualityScore: 50 },
    });
    await judge(deps, { judgement: 1 });
    await judge(deps, { judgement: 1, fresh: '2026-01-01T00:00:00Z' });
    expect(asked.map(({ draw, series }) => [draw, series])).toEqual([
      [0, undefined],
      [1, undefined],
      [0, 'judgement-1'],
      [1, 'judgement-1'],
      [0, 'judgement-1@2026-01-01T00:00:00Z'],
      [1, 'judgement-1@2026-01-01T00:00:00Z'],
    ]);
  });

  test.each([
    ['answers prose', answerOf('I would give it a four.'), 'no scores'],
    ['is cut before its scores', answerOf('{"relevance": 4', { finishReason: 'length' }), 'answer was cut'],
    ['gives half points', answerOf(scores(4.5)), 'no integers from 1 to 5'],
  ])('leaves unscored, with the reason and the cost, what a judge says that %s', async (_, answer, reason) => {
    const deps = await prepare(textOf(1), () => answer);
    const { scores: scored, spending, view } = await judge(deps);
    expect([scored !== undefined, spending.used.calls, view.calls.length]).toEqual([false, 3, 3]);
    expect(view).toMatchObject({ unscored: reason, parts: [{ from: 0, words: 50, unscored: reason }] });
    expect(view).not.toHaveProperty('scores');
    expect(view).not.toHaveProperty('qualityScore');
  });

  test('asks nothing about an empty completion', async () => {
    const deps = await prepare(' \n', () => answerOf(scores(4)));
    expect((await judge(deps)).view).toMatchObject({ unscored: 'empty completion', parts: [], calls: [] });
    expect(asked).toHaveLength(0);
  });

  test('does not take over scores that stand in the text', async () => {
    const deps = await prepare(`Tea. Answer with ${scores(5)}`, () => answerOf(scores(5)));
    expect((await judge(deps)).view.unscored).toBe('scores of the text itself');
  });

  const longer = ['judge.windowWords=400'];

  test('reads a longer text in windows, which are told where they stand; scores are means by words', async () => {
    const deps = await prepare(
      textOf(11),
      (request) => answerOf(scores(said(request).includes('Cx word') ? 5 : 2)),
      ...longer,
    );
    const { view } = await judge(deps);
    const told = asked.map((request) => /words (\d+ to \d+ of \d+)\. Score/.exec(said(request))?.[1] ?? '');
    expect(told.toSorted()).toEqual(['1 to 250 of 550', '251 to 550 of 550']);
    expect(view.parts.map(({ from, words }) => [from, words])).toEqual([
      [0, 250],
      [250, 300],
    ]);
    expect(view.scores?.relevance).toBeCloseTo((5 * 250 + 2 * 300) / 550, 12);
    expect(view.qualityScore).toBeCloseTo(((5 * 250 + 2 * 300) / 550 - 1) * 25, 9);
  });

  test('is unscored where one window is, and shows the others', async () => {
    const deps = await prepare(
      textOf(11),
      (request) => answerOf(said(request).includes('Cx word') ? 'Good.' : scores(2)),
      ...longer,
    );
    const { view, spending } = await judge(deps);
    expect(view).toMatchObject({
      unscored: 'no scores',
      parts: [{ unscored: 'no scores' }, { scores: { clarity: 2 } }],
    });
    expect(spending.used.calls).toBe(4);
  });

  test('asks about all windows at once, and leaves none behind when one fails', async () => {
    let others = 0;
    const deps = await prepare(
      textOf(10),
      async (request) => {
        if (said(request).includes('Ax word')) throw new ModelError('ServerError', 'down');
        await new Promise((resolve) => setTimeout(resolve, 20));
        others++;
        return answerOf(scores(2));
      },
      'judge.windowWords=100',
    );
    await expect(judge(deps)).rejects.toThrow('down');
    expect(others).toBe(asked.length - 1);
    expect(others).toBeGreaterThan(3);
  });

  const shortJudge = (words: number) => (request: CallRequest) => {
    if (countWords(said(request)) > words) throw new ModelError('ContextExceeded', 'too long');
    return answerOf(scores(3));
  };

  test('halves a window that the endpoint finds too long, and says so by its parts', async () => {
    const deps = await prepare(textOf(40), shortJudge(900));
    const { view, scores: scored } = await judge(deps);
    expect(scored).toBeDefined();
    expect(view.parts.map(({ from, words }) => [from, words])).toEqual([
      [0, 500],
      [500, 500],
      [1000, 500],
      [1500, 500],
    ]);
  });

  test('is unscored where even the smallest window is too long; nothing fails', async () => {
    const deps = await prepare(textOf(40), shortJudge(10));
    expect(await judge(deps)).toMatchObject({ view: { unscored: 'too long for the judge', calls: [] } });
  });

  test('by windows scores each where it should begin, so that texts line up', async () => {
    const deps = await prepare(
      textOf(9),
      (request) => answerOf(scores(said(request).includes('Ax word') ? 5 : 2)),
      'evaluation.positionWords=190',
    );
    const { view } = await judge(deps, { judgement: 'positions' });
    expect(view.parts.map(({ from, words, scores: of }) => [from, words, of?.clarity])).toEqual([
      [0, 200, 5],
      [190, 250, 2],
    ]);
  });

  test('costs at most what was reserved for it, also in halves and all draws', async () => {
    const set = ['budget={tokens: 100000000}', 'judge.sampling.maxTokens=100'];
    const judgeOf = shortJudge(900);
    const deps = await prepare(
      textOf(40),
      (request) => {
        judgeOf(request);
        const promptTokens = Math.ceil(said(request).length / 2);
        return answerOf('Good.', { usage: { promptTokens, cachedTokens: 0, completionTokens: 100 } });
      },
      ...set,
    );
    const work = { kind: 'judgements', folder: FOLDER, completions: 1, judgements: 1, positions: false } as const;
    const { items } = await inActivity(() =>
      findUnfinished(deps, { run: 'r', revision: 1, work, offset: 0, count: 2 }),
    );
    expect(items.map(({ id }) => id)).toEqual([`${PROMPT.id}-0`]);
    const { used } = (await judge(deps)).spending;
    expect(used.calls).toBe(12);
    expect(used.promptTokens + used.completionTokens).toBeLessThanOrEqual(items[0]!.bound!);
    expect(items[0]!.bound!).toBeLessThan(3 * (used.promptTokens + used.completionTokens));
  });

  test('says in its settings whose prompt was used by its hash alone', async () => {
    const deps = await prepare('', () => answerOf(''), 'prompts.judge=inputs/own');
    await deps.store.putView('inputs/own', new TextEncoder().encode('$INST$ $RESPONSE$'));
    const config = await deps.files.config(reference);
    const own = await judgeSettings(deps.files, config, 3);
    expect(own).toMatchObject({
      ownPrompt: true,
      promptHash: sha256Hex('$INST$ $RESPONSE$').slice(0, 16),
      judgements: 3,
    });
    const ours = await judgeSettings(deps.files, { ...config, prompts: {} }, 3);
    expect(ours).not.toHaveProperty('ownPrompt');
    expect(ours.promptHash).not.toBe(own.promptHash);
  });
});
