import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ActivityDeps } from '../../activities/deps.ts';
import { jsonBytes, jsonLinesBytes, readJson, readText } from '../../activities/io/store/json.ts';
import { publishReport } from '../../activities/publish-report.ts';
import { scoreEvaluation } from '../../activities/score-evaluation.ts';
import { NO_COST, NO_SPENDING } from '../../domain/cost.ts';
import {
  completionKey,
  evaluationFolder,
  judgementKey,
  markdownKey,
  reportKey,
  scoresKey,
  stageKey,
} from '../../domain/keys.ts';
import { countWords, lengthScore } from '../../domain/length.ts';
import { qualityScore } from '../../domain/rubric.ts';
import { DIMENSIONS, type Completion, type Judgement, type RubricScores } from '../../domain/schemas/completion.ts';
import { RunScores } from '../../domain/schemas/evaluation.ts';
import { readPrediction } from '../../domain/schemas/prediction.ts';
import type { StageRecord } from '../../domain/schemas/run.ts';
import { report } from '../../scripts/commands/report.ts';
import { inActivity } from '../samples.ts';
import { activityDeps } from './activity-deps.ts';

const PROMPTS = Array.from({ length: 8 }, (_, index) => ({
  id: `${index}`.repeat(16),
  prompt: `Write ${8 + index} words about | tea <b>${index}</b>.`,
  length: 8 + index,
  type: 'News Report',
}));
const MODELS = ['base', 'my-own-model'];

let folder: string;
let deps: ActivityDeps;
let lines: string[];
const print = (line: string) => void lines.push(line);
const publish = () => inActivity(() => publishReport(deps, { run: 'r', revision: 1 }));

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'longwriter-publish-'));
  deps = await activityDeps(join(folder, 'store'), () => Promise.reject(new Error('no model is asked')));
  lines = [];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A run whose models each gave two completions with two judgements; the first judgement of every fifth prompt is unscored. */
async function evaluate(): Promise<void> {
  const models = await Promise.all(
    MODELS.map(async (model, place) => {
      const evaluation = evaluationFolder('r', model, '0123abcd');
      await deps.store.putView(`${evaluation}/prompts.jsonl`, jsonLinesBytes(PROMPTS));
      for (const [index, { id, length }] of PROMPTS.entries())
        for (const completion of [0, 1]) await putAnswer(evaluation, { id, length, index, completion, place });
      const scored = await inActivity(() =>
        scoreEvaluation(deps, {
          ...{ run: 'r', revision: 1, folder: evaluation, prompts: 8, completions: 2, judgements: 2, positions: false },
          model: { name: model, identity: model, location: { kind: 'endpoint' } },
        }),
      );
      const spending = { ...NO_SPENDING, used: { ...NO_COST, calls: 48, promptTokens: 1000 } };
      return { ...scored, model, spending };
    }),
  );
  const time = '2026-11-26T00:00:00.000Z';
  const outcome = { models };
  const record: StageRecord = { stage: 'evaluate', revision: 1, startedAt: time, endedAt: time, outcome };
  await deps.store.putView(stageKey('r', 'evaluate'), jsonBytes(record));
}

async function putAnswer(
  evaluation: string,
  {
    id,
    length,
    index,
    completion,
    place,
  }: Record<'length' | 'index' | 'completion' | 'place', number> & { id: string },
): Promise<void> {
  const text = `${'tea '.repeat(4 + 4 * place + index)}</div><script>alert(${index})</script>`;
  const words = countWords(text);
  const identity = { prompt: id, completion, spending: NO_SPENDING };
  const view: Completion = {
    ...{ ...identity, text, words, finishReason: 'stop', lengthScore: lengthScore(length, words), refusal: false },
    measures: { distinct: 0.5, compressionRatio: 2 },
  };
  await deps.store.putView(completionKey(evaluation, id, completion), jsonBytes(view));
  for (const judgement of [0, 1]) {
    const scores = Object.fromEntries(
      DIMENSIONS.map((name, at) => [name, 1 + ((index + at + judgement + completion + place) % 5)]),
    ) as RubricScores;
    const told: Judgement = {
      ...{ ...identity, judgement, calls: [], parts: [] },
      ...(index % 5 === 0 && judgement === 0
        ? { unscored: 'no scores' }
        : { scores, qualityScore: qualityScore(scores) }),
    };
    await deps.store.putView(judgementKey(evaluation, id, completion, judgement), jsonBytes(told));
  }
}

describe('publishReport', () => {
  it('writes scores, Markdown and HTML of models of any name, compared, the same bytes each time', async () => {
    await evaluate();
    expect(await publish()).toEqual({ path: reportKey('r') });
    const scores = await readJson(deps.store, scoresKey('r'), RunScores);
    expect(scores.evaluations.map(({ model }) => model)).toEqual(MODELS);
    expect(scores.comparisons).toMatchObject([{ model: 'my-own-model', than: 'base', prompts: 8 }]);
    const page = await readText(deps.store, reportKey('r'));
    expect(page).toContain('my-own-model');
    expect(page.match(/<summary><strong>(?:Best|Worst): /g)).toHaveLength(12);
    expect(page).not.toMatch(/<script|<b>\d/);
    expect(page).toContain('&#60;script&#62;alert(');
    expect(page).toMatch(/<td>96<\/td>\s*<td>2,000<\/td>/);
    const markdown = await readText(deps.store, markdownKey('r'));
    const { mean, low, high, n } = scores.evaluations[1]!.overall.overall;
    expect(markdown).toContain(
      `|  | my-own-model | ${mean!.toFixed(1)} (${low!.toFixed(1)} to ${high!.toFixed(1)}, n ${n}) |`,
    );
    await publish();
    expect(await readText(deps.store, reportKey('r'))).toBe(page);
    expect(await readText(deps.store, markdownKey('r'))).toBe(markdown);
  });

  it('reads the texts of the answers that it shows, and of no others', async () => {
    await evaluate();
    const read: string[] = [];
    const { store } = deps;
    deps = { ...deps, store: { ...store, find: (path) => (read.push(path), store.find(path)) } };
    await publish();
    expect(read.filter((path) => /\/(?:completions|judgements)(?:\/|\.jsonl)|^calls\//.test(path))).toHaveLength(12);
  });
});

describe('longwriter report', () => {
  it('says what is missing of a run without a report, and of no run at all', async () => {
    await expect(report('r', {}, deps.store, print)).rejects.toThrow(
      /run r has no report.html yet; to make it: .* resume r/,
    );
    await expect(report('nobody', {}, deps.store, print)).rejects.toMatchObject({ exitCode: 4 });
  });

  it('copies the report, and each model’s answers and judgements as the released scripts write them', async () => {
    await evaluate();
    await publish();
    const out = join(folder, 'out');
    expect(await report('r', { out, json: true }, deps.store, print)).toBe(0);
    expect(JSON.parse(lines.at(-1)!)).toMatchObject({ models: [{ model: 'base', answers: 16, judged: 16 }, {}] });
    expect((await readdir(out)).toSorted()).toEqual([...MODELS, 'report.html', 'report.md', 'scores.json'].toSorted());
    const rows = async (name: string) =>
      (await readFile(join(out, 'base', name), 'utf8'))
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    const answers = await rows('pred.jsonl');
    expect(answers).toHaveLength(16);
    expect(Object.keys(answers[0]!)).toEqual(['prompt', 'type', 'length', 'response_length', 'response']);
    expect(answers[0]).toMatchObject({ prompt: PROMPTS[0]!.prompt, length: 8, response_length: 8 });
    const judged = await rows('judge.jsonl');
    expect(judged).toHaveLength(17);
    // The first judgement of prompt 0 has no scores, so the second is told; of prompt 1 it is the first.
    expect(judged[0]!['scores']).toEqual({
      ...{ Relevance: 2, Accuracy: 3, Coherence: 4, Clarity: 5, 'Breadth and Depth': 1, 'Reading Experience': 2 },
    });
    expect(judged[2]!['scores']).toMatchObject({ Relevance: 2, Accuracy: 3 });
    expect(judged.slice(0, -1).map(readPrediction)).toMatchObject(
      answers.map((answer) => ({ prompt: answer['prompt'], response: answer['response'] })),
    );
    const { total, ...means } = judged.at(-1) as Record<string, number>;
    expect(readPrediction({ ...means, total })).toBeUndefined();
    const relevance = judged.slice(0, -1).map(({ scores }) => (scores as Record<string, number>)['Relevance']!);
    expect(means['Relevance']).toBeCloseTo((relevance.reduce((a, b) => a + b) / 16 - 1) * 25, 9);
    expect(total).toBeCloseTo(Object.values(means).reduce((a, b) => a + b) / 6, 9);
  });

  it('says where it cannot write', async () => {
    await evaluate();
    await publish();
    await expect(report('r', { out: join(folder, 'store/runs/r/config.json') }, deps.store, print)).rejects.toThrow(
      /cannot write .*config\.json/,
    );
  });
});
