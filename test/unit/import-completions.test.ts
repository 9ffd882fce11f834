import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ActivityDeps } from '../../activities/deps.ts';
import { findUnfinished } from '../../activities/find-unfinished.ts';
import { importCompletions } from '../../activities/import-completions.ts';
import { jsonLinesBytes, readJson } from '../../activities/io/store/json.ts';
import { listPrompts } from '../../activities/list-prompts.ts';
import { sha256Hex } from '../../domain/fingerprint.ts';
import { completionKey, judgementKey } from '../../domain/keys.ts';
import { Completion, Judgement } from '../../domain/schemas/completion.ts';
import { inActivity } from '../samples.ts';
import { activityDeps } from './activity-deps.ts';

const KEY = 'inputs/answers';
const run = { run: 'r', revision: 1 };
const idOf = (prompt: string): string => sha256Hex(prompt).slice(0, 16);
const scores = { relevance: 5, accuracy: 4, coherence: 4, clarity: 5, breadthAndDepth: 3, readingExperience: 3 };
const row = (prompt: string, response: string, more: object = {}) => ({
  prompt,
  type: 't',
  length: 2,
  response,
  ...more,
});

describe('answers that are there already', () => {
  let folder: string;
  let deps: ActivityDeps;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'longwriter-import-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** Lists and imports rows as an evaluation does; returns the folder and what is left to judge. */
  async function take(rows: object[], overrides: string[] = ['evaluation.judgements=2']) {
    deps = await activityDeps(folder, undefined as never, overrides);
    await deps.store.putView(KEY, jsonLinesBytes(rows));
    const model = { name: 'old', identity: KEY, location: { kind: 'predictions', key: KEY } } as const;
    const listed = await inActivity(() => listPrompts(deps, { ...run, purpose: 'evaluation', model }));
    const { judged } = listed.imported!;
    await inActivity(() => importCompletions(deps, { ...run, folder: listed.folder, key: KEY, judged }));
    const { completions, judgements, positions } = listed;
    const work = {
      kind: 'judgements',
      folder: listed.folder,
      completions,
      judgements,
      positions,
      imported: true,
    } as const;
    const left = await inActivity(() => findUnfinished(deps, { ...run, work, offset: 0, count: 100 }));
    return { listed, left: left.items.map(({ id }) => id) };
  }

  test('are counted by us, several of a prompt among them, and judged where they have no scores', async () => {
    const { listed, left } = await take([
      row('a', 'Two words.', { response_length: 99 }),
      row('b', ''),
      row('a', 'One.'),
    ]);
    expect(listed).toMatchObject({
      prompts: 2,
      completions: 2,
      judgements: 2,
      imported: { completions: 3, judged: false },
    });
    const view = await readJson(deps.store, completionKey(listed.folder, idOf('a'), 0), Completion);
    expect(view).toMatchObject({ text: 'Two words.', words: 2, lengthScore: 100, finishReason: 'imported' });
    expect(view.call).toBeUndefined();
    // Prompt b has one answer only.
    expect(left).toEqual([
      ...[0, 1].flatMap((completion) => [0, 1].map((one) => `${idOf('a')}-${completion}-${one}`)),
      ...[0, 1].map((one) => `${idOf('b')}-0-${one}`),
    ]);
  });

  test('with scores are judged by nobody; one without is unscored, and counted', async () => {
    const { listed, left } = await take([row('a', 'Two words.', { scores }), row('b', 'No scores.')]);
    expect(listed).toMatchObject({ judgements: 1, positions: false, imported: { completions: 2, judged: true } });
    expect(left).toEqual([]);
    const judgementOf = (prompt: string) =>
      readJson(deps.store, judgementKey(listed.folder, idOf(prompt), 0, 0), Judgement);
    expect(await judgementOf('a')).toMatchObject({ scores, qualityScore: 75, calls: [] });
    expect(await judgementOf('b')).toMatchObject({ unscored: 'no scores' });
    expect((await judgementOf('b')).scores).toBeUndefined();
  });

  test('are those of the first prompts where there is a limit', async () => {
    const rows = [row('a', 'One.'), row('b', 'Two.'), row('a', 'Three.')];
    const { listed } = await take(rows, ['evaluation.limit=1']);
    expect(listed).toMatchObject({ prompts: 1, completions: 2, imported: { completions: 2 } });
  });

  test.each([
    [[row('a', 'x'), { prompt: 'b', type: 't', length: 2 }], `${KEY}:2: response: expected a text`],
    [[row('a', 'x'), { ...row('a', 'y'), length: 3 }], `${KEY}:2: has another length or type than line 1`],
    [[{ ...scores, total: 70 }], `${KEY}: has no answers`],
  ])('%j fail the evaluation with their line', async (rows, message) => {
    await expect(take(rows)).rejects.toMatchObject({
      type: 'Predictions.Invalid',
      message: expect.stringContaining(message),
    });
  });
});
