import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ActivityDeps } from '../../activities/deps.ts';
import { findManifest } from '../../activities/folder.ts';
import { jsonBytes, jsonLinesBytes, readJson, readJsonLines } from '../../activities/io/store/json.ts';
import { measureCompletion } from '../../activities/sample-completion.ts';
import { scoreEvaluation, type ScoreEvaluationInput } from '../../activities/score-evaluation.ts';
import { PROJECT } from '../../configs/env.ts';
import { NO_SPENDING } from '../../domain/cost.ts';
import { sha256Hex } from '../../domain/fingerprint.ts';
import { completionKey, judgementKey } from '../../domain/keys.ts';
import { countWords, lengthScore } from '../../domain/length.ts';
import { qualityScore } from '../../domain/rubric.ts';
import {
  Completion,
  DIMENSIONS,
  Judgement,
  type CompletionPrompt,
  type RubricScores,
} from '../../domain/schemas/completion.ts';
import { EvaluationScores, type ScoreSummary } from '../../domain/schemas/evaluation.ts';
import { inActivity } from '../samples.ts';
import { activityDeps } from './activity-deps.ts';

/** A row of the fixture: its response is the paragraph so many times; each judgement has six scores in their order, or none. */
interface Row {
  readonly prompt: string;
  readonly type: string;
  readonly length: number;
  readonly paragraph: string;
  readonly times: number;
  readonly judgements: readonly (readonly number[] | null)[];
}
type Expected = Pick<
  Record<keyof ScoreSummary, number | null>,
  'lengthScore' | 'qualityScore' | 'overall' | 'words'
> & {
  readonly completions: number;
  readonly scored: number;
  readonly dimensions: Readonly<Record<string, number | null>>;
};

const fixture = (name: string) => readFileSync(join(PROJECT, 'test/fixtures', name), 'utf8');
const ROWS = fixture('evaluation-rows.jsonl')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Row);
const EXPECTED = JSON.parse(fixture('evaluation-scores.json')) as {
  readonly words: readonly number[];
  readonly overall: Expected;
  readonly buckets: Readonly<Record<string, Expected>>;
};

const FOLDER = 'runs/r/evaluations/base-0123abcd';
const INPUT: ScoreEvaluationInput = {
  run: 'r',
  revision: 1,
  model: { name: 'base', identity: 'weights', location: { kind: 'store', folder: 'models/base' } },
  folder: FOLDER,
  prompts: ROWS.length,
  completions: 1,
  judgements: 3,
  positions: true,
};

describe('scoreEvaluation', () => {
  let folder: string;
  let deps: ActivityDeps;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'longwriter-scores-'));
    deps = await activityDeps(folder, undefined as never, ['evaluation.resamples=300']);
    const prompts = ROWS.map(({ prompt, type, length }) => ({ id: idOf(prompt), prompt, type, length }));
    await deps.store.putView(`${FOLDER}/prompts.jsonl`, jsonLinesBytes(prompts));
    for (const [index, row] of ROWS.entries()) await put(prompts[index]!, row);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const idOf = (prompt: string): string => sha256Hex(prompt).slice(0, 16);
  const score = (more: Partial<ScoreEvaluationInput> = {}) =>
    inActivity(() => scoreEvaluation(deps, { ...INPUT, ...more }));
  const stored = () => readJson(deps.store, `${FOLDER}/scores.json`, EvaluationScores);

  async function put({ id, length }: CompletionPrompt, { paragraph, times, judgements }: Row): Promise<void> {
    const text = Array.from({ length: times }, () => paragraph).join('\n\n');
    const words = countWords(text);
    const identity = { prompt: id, completion: 0, spending: NO_SPENDING };
    const completion: Completion = {
      ...identity,
      call: 'c',
      text,
      words,
      finishReason: words > 5000 ? 'length' : 'stop',
      lengthScore: lengthScore(length, words),
      ...(await measureCompletion(text, words)),
    };
    await deps.store.putView(completionKey(FOLDER, id, 0), jsonBytes(completion));
    for (const [judgement, given] of judgements.entries()) {
      const scores = given && (Object.fromEntries(DIMENSIONS.map((name, at) => [name, given[at]])) as RubricScores);
      const outcome = scores ? { scores, qualityScore: qualityScore(scores) } : { unscored: 'no JSON object' };
      const view: Judgement = { ...identity, judgement, calls: ['j'], parts: [], ...outcome };
      await deps.store.putView(judgementKey(FOLDER, id, 0, judgement), jsonBytes(view));
    }
  }

  it('gives the scores that the released formulas give in Python, to 1e-9', async () => {
    const outcome = await score();
    const scores = await stored();
    expect(scores.points.map(({ written }) => written)).toEqual(EXPECTED.words);
    expectScores(scores.overall, EXPECTED.overall);
    expect(Object.keys(scores.buckets)).toEqual(Object.keys(EXPECTED.buckets));
    for (const [name, bucket] of Object.entries(EXPECTED.buckets)) expectScores(scores.buckets[name]!, bucket);
    expect(outcome).toEqual({
      folder: FOLDER,
      completions: 12,
      words: scores.overall.words.mean,
      lengthScore: scores.overall.lengthScore.mean,
      qualityScore: scores.overall.qualityScore.mean,
    });
  });

  function expectScores(summary: ScoreSummary, expected: Expected): void {
    expect(summary.completions).toBe(expected.completions);
    expect(summary.qualityScore.n).toBe(expected.scored);
    for (const name of ['lengthScore', 'qualityScore', 'overall', 'words'] as const)
      expectNear(summary[name].mean, expected[name]);
    for (const [name, value] of Object.entries(expected.dimensions)) expectNear(summary.dimensions[name]!.mean, value);
  }

  const expectNear = (value: number | null, expected: number | null): void => {
    if (expected === null) expect(value).toBeNull();
    else expect(Math.abs(value! - expected)).toBeLessThan(1e-9);
  };

  it('says what was asked, who judged, what was drawn, and counts what has no score', async () => {
    const positions = { prompt: idOf(ROWS[10]!.prompt), completion: 0, calls: [], spending: NO_SPENDING };
    const scores = Object.fromEntries(DIMENSIONS.map((name) => [name, 3])) as RubricScores;
    const view: Judgement = { ...positions, judgement: 'positions', parts: [{ from: 1000, words: 900, scores }] };
    await deps.store.putView(judgementKey(FOLDER, view.prompt, 0, 'positions'), jsonBytes(view));
    await score({ fresh: { judgements: '2026-11-26T00:00:00Z' } });
    const config = await deps.files.config({ run: 'r', revision: 1 });
    expect(await stored()).toMatchObject({
      model: 'base',
      benchmark: config.evaluation.benchmark,
      sampling: { maxTokens: config.evaluation.sampling.maxTokens },
      fresh: '2026-11-26T00:00:00Z',
      judge: { judgements: 3 },
      statistics: { confidence: 0.95, resamples: 300, seed: config.seed },
      overall: { empty: 1, unscored: 2, finishReasons: { length: 3, stop: 9 } },
      languages: { en: { completions: 6 }, zh: { completions: 6 } },
      positions: [{ from: 1000, words: 900, qualityScore: { mean: 50, n: 1 } }],
    });
    const rows = await readJsonLines(deps.store, `${FOLDER}/judgements.jsonl`, Judgement.omit({ spending: true }));
    expect(rows).toHaveLength(19);
    expect(rows.filter(({ judgement }) => judgement === 'positions')).toHaveLength(1);
  });

  it('misses no score of a judge that was not asked', async () => {
    await score({ judgements: 0, positions: false });
    const { judge, overall } = await stored();
    expect(judge.judgements).toBe(0);
    expect(overall).toMatchObject({ unscored: 0, unscoredReasons: {}, qualityScore: { mean: null, n: 0 } });
    expect(overall.lengthScore.n).toBe(ROWS.length);
  });

  it('of imported answers tells their file and no sampling', async () => {
    await score({ model: { name: 'theirs', identity: 'f', location: { kind: 'predictions', key: 'inputs/f' } } });
    const scores = await stored();
    expect(scores.benchmark).toBe('inputs/f');
    expect(scores.sampling).toBeUndefined();
  });

  it('runs twice and writes once, and writes anew where a judgement has changed', async () => {
    const uploads: string[] = [];
    const upload: ActivityDeps['store']['upload'] = (path, file) => {
      uploads.push(path);
      return fileUpload(path, file);
    };
    const fileUpload = deps.store.upload.bind(deps.store);
    deps = { ...deps, store: Object.assign(Object.create(deps.store) as ActivityDeps['store'], { upload }) };
    const first = await score();
    const manifest = await findManifest(deps.store, FOLDER);
    expect(uploads).toEqual(
      ['completions.jsonl', 'judgements.jsonl', 'scores.json'].map((file) => `${FOLDER}/${file}`),
    );
    expect(manifest!.counts).toEqual({ completions: 12, unscored: 2 });
    expect(manifest!.files.map(({ rows }) => rows)).toEqual([12, 18, undefined]);
    expect(await score()).toEqual(first);
    expect(uploads).toHaveLength(3);
    expect(await readdir(join(folder, 'work', 'temporary'))).toEqual([]);

    await put({ ...ROWS[0]!, id: idOf(ROWS[0]!.prompt) }, { ...ROWS[0]!, judgements: [[1, 1, 1, 1, 1, 1]] });
    expect((await score()).qualityScore).toBeLessThan(first.qualityScore!);
    expect(uploads).toHaveLength(6);
    expect((await findManifest(deps.store, FOLDER))!.inputs).not.toBe(manifest!.inputs);

    // Another text with the same numbers: scores.json is the same, the rows are not.
    const key = completionKey(FOLDER, idOf(ROWS[1]!.prompt), 0);
    const view = await readJson(deps.store, key, Completion);
    await deps.store.putView(key, jsonBytes({ ...view, text: view.text.replaceAll('长江', '黄河') }));
    await score();
    expect(uploads).toHaveLength(9);
  });

  it('keeps the rows without what they cost, so that equal answers are equal bytes', async () => {
    await score();
    const [row] = await readJsonLines(deps.store, `${FOLDER}/completions.jsonl`, Completion.omit({ spending: true }));
    expect(row).toMatchObject({ prompt: idOf(ROWS[0]!.prompt), words: 111 });
  });
});
