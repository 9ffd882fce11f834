import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ActivityDeps } from '../../activities/deps.ts';
import { jsonBytes, jsonLinesBytes, readJsonLines } from '../../activities/io/store/json.ts';
import { listPrompts } from '../../activities/list-prompts.ts';
import { sampleKey } from '../../domain/keys.ts';
import { countWords } from '../../domain/length.ts';
import { CompletionPrompt } from '../../domain/schemas/completion.ts';
import type { ModelReference } from '../../domain/schemas/run.ts';
import type { Sample } from '../../domain/schemas/sample.ts';
import { NO_SPENDING } from '../../domain/cost.ts';
import { inActivity } from '../samples.ts';
import { activityDeps } from './activity-deps.ts';
import { keptRow } from './dataset-run.ts';

const SECTIONS = ['Tea is old.', 'Tea is warm.', 'Tea is brown.'];
const idOf = (index: number): string => index.toString(16).padStart(16, '0');
const MODEL: ModelReference = { name: 'sft', identity: 'm', location: { kind: 'store', folder: 'f' } };

/** A kept sample of three sections; an imported one has neither plan nor sections. */
function view(id: string, imported = false): Sample {
  const text = SECTIONS.join('\n\n');
  return {
    id,
    origin: imported ? 'imported' : 'generated',
    settings: 's',
    verdict: 'kept',
    ...(imported ? {} : { plan: { call: 'p', sections: SECTIONS.map(() => ({ mainPoint: 'Tea', words: 50 })) } }),
    sections: imported ? [] : SECTIONS.map((section) => ({ call: 'c', words: countWords(section) })),
    refused: [],
    summaries: [],
    retry: { draws: 0, anew: 0 },
    spending: NO_SPENDING,
    text,
    words: countWords(text),
  };
}

describe('listPrompts for preference pairs', () => {
  let folder: string;
  let deps: ActivityDeps;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'longwriter-prompts-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** A dataset of so many samples: the first states no length, the last is in the test split. */
  async function prepare(count: number, overrides: readonly string[], imported = false): Promise<void> {
    deps = await activityDeps(folder, undefined as never, ['preferences.prompts=1000', ...overrides]);
    const ids = Array.from({ length: count }, (_, index) => idOf(index));
    const rows = ids.map((id, row) =>
      keptRow(id, row, { required: row === 0 ? null : 9, split: row === count - 1 ? 'test' : 'train' }),
    );
    await deps.store.putView(
      'instructions',
      jsonLinesBytes(ids.map((id, index) => ({ id, prompt: `Write s${index}.` }))),
    );
    await deps.store.putView('d/samples.jsonl', jsonLinesBytes(rows));
    for (const id of ids) await deps.store.putView(sampleKey('r', id), jsonBytes(view(id, imported)));
  }

  const list = async () => {
    const data = { instructions: 'instructions', dataset: 'd' };
    const input = { run: 'r', revision: 1, purpose: 'preferences', model: MODEL, data } as const;
    const listed = await inActivity(() => listPrompts(deps, input));
    return { ...listed, rows: await readJsonLines(deps.store, `${listed.folder}/prompts.jsonl`, CompletionPrompt) };
  };

  test('are the instructions of the train split that state a length', async () => {
    await prepare(5, []);
    const { prompts, rows } = await list();
    expect(prompts).toBe(3);
    expect(rows[0]).toEqual({ id: idOf(1), prompt: 'Write s1.', length: 9, type: '' });
  });

  test('are judged where S_q has a weight, and where it has none nobody is asked', async () => {
    await prepare(5, []);
    expect(await list()).toMatchObject({ judgements: 1 });
    await prepare(5, ['preferences.lengthWeight=1']);
    const unjudged = await list();
    expect(unjudged).toMatchObject({ judgements: 0 });
    // Another judge makes other judgements, and here there are none.
    await prepare(5, ['preferences.lengthWeight=1', 'judge.maxDraws=9']);
    expect((await list()).folder).toBe(unjudged.folder);
  });

  test('are steps in the middle of the texts where pairs are of sections, so many at most', async () => {
    await prepare(200, ['preferences.level=section', 'preferences.steps=2', 'preferences.prompts=150']);
    const { prompts, rows } = await list();
    expect([prompts, new Set(rows.map(({ id }) => id)).size]).toEqual([150, 150]);
    // One without a required length has planned words all the same.
    expect(rows.slice(0, 2)).toMatchObject([
      { id: `${idOf(0)}.2`, length: 50 },
      { id: `${idOf(0)}.3`, length: 50 },
    ]);
    expect(rows[0]!.prompt).toContain('Write s0.');
    expect(rows[0]!.prompt).toContain('Tea is old.');
    expect(rows[0]!.prompt).not.toContain('Tea is warm.');
  });

  test('of sections are asked by a prompt of the user, and are others then', async () => {
    await prepare(5, ['preferences.level=section', 'prompts.step=inputs/step']);
    await deps.store.putView('inputs/step', new TextEncoder().encode('{{instruction}} {{text}} {{words}}'));
    const own = await list();
    expect(own.rows[0]!.prompt).toMatch(/^Write s0\. Tea is old\.[^{]* 50$/);
    await prepare(5, ['preferences.level=section']);
    expect((await list()).folder).not.toBe(own.folder);
  });

  test.each([
    ['section', 'no kept sample was written in two sections or more', 4],
    ['text', 'no kept sample states a required length', 2],
  ])('fails where no sample gives one, at level %s', async (level, message, count) => {
    await prepare(count, [`preferences.level=${level}`], true);
    await expect(list()).rejects.toMatchObject({ type: 'Preferences.Empty', message });
  });
});
