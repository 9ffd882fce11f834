import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findUnfinished } from '../../activities/find-unfinished.ts';
import { jsonLinesBytes, readJson } from '../../activities/io/store/json.ts';
import type { PromptFolder } from '../../activities/list-prompts.ts';
import { prepareCalibration } from '../../activities/prepare-calibration.ts';
import { scoreCalibration } from '../../activities/score-calibration.ts';
import { judgeCompletions } from '../../activities/work-on-completions.ts';
import { NO_SPENDING } from '../../domain/cost.ts';
import { judgedRow } from '../../domain/judged-row.ts';
import { frozenCalibrationKey } from '../../domain/keys.ts';
import { qualityScore } from '../../domain/rubric.ts';
import { DIMENSIONS, type Judgement, type RubricScores } from '../../domain/schemas/completion.ts';
import { Calibration } from '../../domain/schemas/evaluation.ts';
import { readPrediction } from '../../domain/schemas/prediction.ts';
import { inActivity } from '../samples.ts';
import { activityDeps, answerOf } from './activity-deps.ts';

const all = (score: number) => Object.fromEntries(DIMENSIONS.map((name) => [name, score])) as RubricScores;
const row = (prompt: string, response: string, score: number) => ({
  ...{ prompt, type: 'essay', length: 100, response_length: 2, response },
  scores: {
    Relevance: score,
    Accuracy: `${score}`,
    Coherence: score,
    Clarity: score,
    'Breadth and Depth': score,
    'Reading Experience': score,
  },
});
const AGGREGATE = {
  Relevance: 75,
  Accuracy: 75,
  Coherence: 75,
  Clarity: 75,
  'Breadth and Depth': 75,
  'Reading Experience': 75,
  total: 75,
};
const ROWS = [
  row('Write of tea.', 'Tea one.', 3),
  row('Write of tea.', 'Tea two.', 5),
  row('Write of rain.', 'Rain.', 4),
  AGGREGATE,
];
const run = { run: 'r', revision: 1 };

describe('a calibration', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'longwriter-calibration-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** A judge that gives 4 to all but the text about rain, which it only talks about. */
  async function prepare(...set: string[]) {
    const deps = await activityDeps(
      folder,
      async (_, { messages }) => answerOf(messages[0]!.content.includes('Rain.') ? 'Wet.' : JSON.stringify(all(4))),
      ['judge.maxDraws=2', 'evaluation.judgements=1', ...set],
    );
    await deps.store.putView('inputs/c', jsonLinesBytes(ROWS));
    return deps;
  }
  const prepared = (deps: Awaited<ReturnType<typeof prepare>>, fresh?: string) =>
    inActivity(() => prepareCalibration(deps, { ...run, ...(fresh === undefined ? {} : { fresh }) }));

  /** Judges what is unfinished, as a partition does, and scores. */
  async function calibrate(deps: Awaited<ReturnType<typeof prepare>>, prompts: PromptFolder) {
    const { folder: at, completions, judgements, positions } = prompts;
    const work = { kind: 'judgements', folder: at, completions, judgements, positions, imported: true } as const;
    const { items } = await inActivity(() => findUnfinished(deps, { ...run, work, offset: 0, count: 10 }));
    const ids = items.map(({ id }) => id);
    const input = { ...run, purpose: 'evaluation', folder: at, items: ids, judgements, positions } as const;
    await inActivity(() => judgeCompletions(deps, { ...input, fresh: 'calibration' }));
    await inActivity(() => scoreCalibration(deps, { ...run, ...prompts }));
    return { items: items.length, calibration: await readJson(deps.store, `${at}/calibration.json`, Calibration) };
  }

  test('holds what the judge says now against frozen scores, row by row, and counts what it cannot read', async () => {
    const deps = await prepare('evaluation.calibration=inputs/c');
    const prompts = (await prepared(deps))!;
    expect(prompts).toMatchObject({ prompts: 2, completions: 2, judgements: 1, imported: { completions: 3 } });
    const { items, calibration } = await calibrate(deps, prompts);
    expect(items).toBe(3);
    // 75 − 50 and 75 − 100, of one prompt, which has no spread of its own; the third is unscored.
    expect(calibration).toMatchObject({ completions: 3, unscored: 1, drift: { mean: 0, n: 2, low: 0, high: 0 } });
    expect((await calibrate(deps, (await prepared(deps))!)).items).toBe(0);
  });

  test('is another one for another firing, another judge and other rows', async () => {
    const at = 'evaluation.calibration=inputs/c';
    const folders = [(await prepared(await prepare(at)))!.folder];
    folders.push((await prepared(await prepare(at), '2026-01-01T00:00:00Z'))!.folder);
    folders.push((await prepared(await prepare(at, 'endpoints.judge.model=other')))!.folder);
    folders.push((await prepared(await prepare(at, 'judge.windowWords=500')))!.folder);
    const deps = await prepare('evaluation.calibration=inputs/d');
    await deps.store.putView('inputs/d', jsonLinesBytes(ROWS.slice(1)));
    folders.push((await prepared(deps))!.folder);
    expect(new Set(folders).size).toBe(5);
  });

  test('takes what a schedule froze where no file is named, and is none where nothing is frozen', async () => {
    const deps = await prepare();
    expect(await prepared(deps)).toBeNull();
    await deps.store.putView(frozenCalibrationKey('r'), jsonLinesBytes(ROWS.slice(2, 3)));
    expect(await prepared(deps)).toMatchObject({ prompts: 1, completions: 1 });
  });

  test('fails where an answer has no scores, or the file is gone', async () => {
    const deps = await prepare('evaluation.calibration=inputs/d');
    await expect(prepared(deps)).rejects.toThrow('inputs/d is not in store');
    await deps.store.putView('inputs/d', jsonLinesBytes([{ ...ROWS[0], scores: undefined }]));
    await expect(prepared(deps)).rejects.toMatchObject({ type: 'Predictions.Invalid' });
  });
});

describe('judgedRow', () => {
  const prompt = { id: '0123456789abcdef', prompt: 'Write of tea.', length: 100, type: 'essay' };
  const completion = {
    ...{
      prompt: prompt.id,
      completion: 0,
      text: 'Tea.',
      words: 1,
      finishReason: 'stop',
      lengthScore: 0,
      refusal: false,
    },
    measures: { distinct: 1, compressionRatio: 1 },
    spending: NO_SPENDING,
  };
  const judgement = (scores?: RubricScores): Judgement => ({
    ...{ prompt: prompt.id, completion: 0, judgement: 0, calls: [], parts: [], spending: NO_SPENDING },
    ...(scores ? { scores } : { unscored: 'no scores' }),
  });

  test('is a row of judge.jsonl that reads as the mean of the judgements with scores', () => {
    const judgements = [judgement(all(5)), judgement(), judgement(all(2))];
    const made = judgedRow({ prompt, completion, judgements });
    const read = readPrediction(made as Record<string, unknown>);
    expect(read).toMatchObject({ prompt: 'Write of tea.', length: 100, response: 'Tea.' });
    expect(qualityScore((read as { scores: RubricScores }).scores)).toBeCloseTo((100 + 25) / 2, 9);
  });

  test('is none where no judgement has scores', () => {
    expect(judgedRow({ prompt, completion, judgements: [judgement()] })).toBeUndefined();
  });
});
