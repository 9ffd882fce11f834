import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetWriteFile } from 'hyparquet-writer';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { buildPreferencePairs } from '../../activities/build-preference-pairs.ts';
import type { ActivityDeps } from '../../activities/deps.ts';
import { findManifest } from '../../activities/folder.ts';
import { jsonBytes, jsonLinesBytes, readJsonLines } from '../../activities/io/store/json.ts';
import { NO_SPENDING } from '../../domain/cost.ts';
import { completionKey, judgementKey } from '../../domain/keys.ts';
import { countWords, lengthScore } from '../../domain/length.ts';
import { PreferenceRow, PreferenceScore } from '../../domain/schemas/preference.ts';
import { inActivity } from '../samples.ts';
import { activityDeps } from './activity-deps.ts';

const FOLDER = 'runs/r/preferences/0123abcd';

/** An answer of ten words, its S_q, and how it ended. */
type Made = readonly [topic: string, quality: number | undefined, finishReason?: string];

describe('buildPreferencePairs', () => {
  let folder: string;
  let deps: ActivityDeps;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'longwriter-pairs-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** Puts prompts with their completions and judgements into the store of run `r`. */
  async function prepare(prompts: Readonly<Record<string, readonly Made[]>>, overrides: readonly string[] = []) {
    deps = await activityDeps(folder, undefined as never, ['preferences.chooseTruncated=false', ...overrides]);
    const rows = Object.keys(prompts).map((id) => ({ id, prompt: `Write about ${id}.`, length: 10, type: '' }));
    await deps.store.putView(`${FOLDER}/prompts.jsonl`, jsonLinesBytes(rows));
    for (const [prompt, made] of Object.entries(prompts)) {
      for (const [completion, [topic, qualityScore, finishReason = 'stop']] of made.entries()) {
        const text = Array.from({ length: 10 }, () => topic).join(' ');
        const words = countWords(text);
        const scores = { lengthScore: lengthScore(10, words), spending: NO_SPENDING };
        const measures = { distinct: 1, compressionRatio: 1 };
        const view = { prompt, completion, call: 'c', text, words, finishReason, measures, refusal: false, ...scores };
        await deps.store.putView(completionKey(FOLDER, prompt, completion), jsonBytes(view));
        const judgement = { prompt, completion, judgement: 0, calls: [], parts: [], spending: NO_SPENDING };
        const verdict = qualityScore === undefined ? { unscored: 'no JSON' } : { qualityScore };
        await deps.store.putView(judgementKey(FOLDER, prompt, completion, 0), jsonBytes({ ...judgement, ...verdict }));
      }
    }
  }

  const SET = { folder: FOLDER, completions: 2, judgements: 1, positions: false };
  const build = (prompts: number) =>
    inActivity(() => buildPreferencePairs(deps, { run: 'r', revision: 1, ...SET, prompts }));
  const pairs = () => readJsonLines(deps.store, `${FOLDER}/pairs.jsonl`, PreferenceRow);
  const manifest = () => findManifest(deps.store, FOLDER);

  const TWO = {
    a: [['tea', 90] as const, ['coffee', 40] as const],
    b: [['milk', 20] as const, ['water', 80] as const],
  };
  const GENERAL = Array.from({ length: 50 }, (_, index) => ({
    prompt: `question ${index}`,
    chosen: [{ role: 'assistant', content: `good ${index}` }],
    rejected: 'bad',
    source: 'somewhere',
  }));

  test('accounts for every prompt, keeps every score with what became of it, and sums the spread up', async () => {
    await prepare(
      {
        ...TWO,
        unscored: [
          ['tea', undefined],
          ['coffee', 40],
        ],
        same: [
          ['tea', 90],
          ['tea', 40],
        ],
        cut: [
          ['tea', 90, 'length'],
          ['coffee', 40, 'length'],
        ],
        close: [
          ['tea', 50],
          ['coffee', 51],
        ],
      },
      ['preferences.minSpread=5'],
    );
    const outcome = await build(7);
    expect(outcome).toMatchObject({ prompts: 7, pairs: 2, spread: { min: 25, median: 27.5, mean: 27.5, max: 30 } });
    expect(outcome.dropped).toEqual({ failed: 1, identical: 1, 'spread-too-small': 1, truncated: 1, unscored: 1 });
    expect((await manifest())!.counts).toMatchObject({ prompts: 7, pairs: 2, dropped: 5, 'dropped.unscored': 1 });
    expect((await manifest())!.statistics).toMatchObject({ 'spread.median': 27.5 });
    const scores = await readJsonLines(deps.store, `${FOLDER}/scores.jsonl`, PreferenceScore);
    expect(scores).toHaveLength(12);
    expect(scores[0]).toEqual({
      prompt: 'a',
      completion: 0,
      words: 10,
      finishReason: 'stop',
      lengthScore: 100,
      qualityScore: 90,
      score: 95,
      became: 'chosen',
      dropped: null,
    });
    expect(scores.map(({ became, dropped }) => dropped ?? became)).toEqual([
      ...['chosen', 'rejected', 'rejected', 'chosen', 'unscored', 'unscored', 'identical', 'identical'],
      ...['truncated', 'truncated', 'spread-too-small', 'spread-too-small'],
    ]);
  });

  test('mixes general pairs in by count and by ratio, the same ones in the same order each time', async () => {
    const built = async (mix: string) => {
      await prepare(TWO, [`preferences.general=${mix}`]);
      await deps.store.putView('inputs/general', jsonLinesBytes(GENERAL));
      const outcome = await build(2);
      return { outcome, rows: await pairs(), inputs: (await manifest())!.inputs };
    };
    const ten = await built('[{file: inputs/general, rows: 10}]');
    expect(ten.outcome).toMatchObject({ pairs: 2, general: 10, generalAsked: 10 });
    expect(ten.rows).toHaveLength(12);
    // Ours are among the general ones, and not all before or behind them.
    expect(ten.rows.slice(0, 2).every(({ prompt }) => prompt[0]!.content.startsWith('Write'))).toBe(false);
    expect(await built('[{file: inputs/general, rows: 10}]')).toEqual(ten);
    const twenty = await built('[{file: inputs/general, ratio: 10}]');
    expect(twenty.outcome).toMatchObject({ general: 20 });
    expect(twenty.rows).toEqual(expect.arrayContaining(ten.rows));
    expect(twenty.inputs).not.toBe(ten.inputs);
    const short = await built('[{file: inputs/general, ratio: 30}]');
    expect(short.outcome).toMatchObject({ general: 50, generalAsked: 60 });
    const other = await built('[{file: inputs/general, rows: 10}]');
    expect(other.rows.find(({ prompt }) => prompt[0]!.content.startsWith('question'))).toMatchObject({
      prompt: [{ role: 'user' }],
      chosen: [{ role: 'assistant', content: expect.stringMatching(/^good/) }],
      rejected: [{ role: 'assistant', content: 'bad' }],
    });
  });

  test('reads general pairs of Parquet, and takes the prompt off answers that repeat it', async () => {
    const prompt = { role: 'user', content: 'Tea?' };
    const answers = ['Yes.', 'No.'].map((content) => [prompt, { role: 'assistant', content }]);
    const file = join(folder, 'general.parquet');
    parquetWriteFile({
      filename: file,
      columnData: [
        { name: 'prompt', data: ['Tea?'], type: 'STRING' },
        { name: 'chosen', data: [answers[0]], type: 'JSON' },
        { name: 'rejected', data: [answers[1]], type: 'JSON' },
      ],
    });
    await prepare(TWO, ['preferences.general=[{file: inputs/general}]']);
    await deps.store.upload('inputs/general', file);
    await build(2);
    expect(await pairs()).toContainEqual({
      prompt: [prompt],
      chosen: [{ role: 'assistant', content: 'Yes.' }],
      rejected: [{ role: 'assistant', content: 'No.' }],
    });
  });

  test('says what a general pair lacks and where it stands, and leaves no manifest', async () => {
    await prepare(TWO, ['preferences.general=[{file: inputs/general}]']);
    await deps.store.putView('inputs/general', jsonLinesBytes([GENERAL[0]!, { prompt: 'a', chosen: 'b' }]));
    await expect(build(2)).rejects.toMatchObject({
      type: 'Preferences.Invalid',
      message:
        'inputs/general:2: rejected: expected a text, or messages of system, user and assistant with their content',
    });
    expect(await manifest()).toBeUndefined();
  });

  test('fails where no prompt gives a pair, and says why', async () => {
    await prepare({
      a: [
        ['tea', undefined],
        ['milk', 5],
      ],
    });
    await expect(build(1)).rejects.toMatchObject({
      type: 'Preferences.Empty',
      message: expect.stringContaining('"unscored":1'),
    });
  });
});
