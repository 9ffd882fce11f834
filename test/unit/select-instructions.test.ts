import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ActivityDeps } from '../../activities/deps.ts';
import { findUnfinished } from '../../activities/find-unfinished.ts';
import { ModelError } from '../../activities/io/model/model.ts';
import { jsonLinesBytes, readJsonLines, readText } from '../../activities/io/store/json.ts';
import { StoreError } from '../../activities/io/store/store.ts';
import { judgeInstruction } from '../../activities/judge-instruction.ts';
import { listCandidates } from '../../activities/list-candidates.ts';
import { readCandidate, readCandidates } from '../../activities/read-candidates.ts';
import type { ImportedSamples } from '../../activities/import-samples.ts';
import { selectInstructions, type SelectedInstructions } from '../../activities/select-instructions.ts';
import { sha256Hex } from '../../domain/fingerprint.ts';
import { Instruction, LeftOut, type Candidate } from '../../domain/schemas/instruction.ts';
import type { CallRequest } from '../../domain/schemas/call.ts';
import { activityDeps, answerOf } from './activity-deps.ts';

const RUN = { run: 'r', revision: 1 };
const RULES = '[{ name: spies, pattern: spies, about: spies }]';
const BENCHMARK = 'Describe in great detail how the lighthouse keeper of the old island spent his last winter there.';
const idOf = (prompt: string): string => sha256Hex(prompt).slice(0, 16);

/** Prompts of so many that no step but a limit minds. */
const SUBJECTS = 'harbours bridges gardens letters markets winters engines forests rivers clocks'.split(' ');
const promptOf = (index: number): string =>
  `Write a long story, number ${index}, about ${SUBJECTS[index % 10]} and ${SUBJECTS[(index * 3 + 1) % 10]} of old.`;

describe('a selection', () => {
  let folder: string;
  let asked: CallRequest[];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'longwriter-select-'));
    asked = [];
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const run = <T>(work: () => Promise<T>): Promise<T> => new MockActivityEnvironment().run(work);

  /** Rows of the file inputs/a, under these settings of `instructions`. */
  async function depsOf(
    rows: readonly unknown[] | Uint8Array,
    settings: Record<string, unknown> = {},
    answer: (request: CallRequest) => string = () => '{"needsLongText": true, "reason": "long"}',
    source: Record<string, unknown> = {},
  ): Promise<ActivityDeps> {
    const instructions = { sources: [{ file: 'inputs/a', name: 'a.jsonl', ...source }], ...settings };
    const deps = await activityDeps(
      folder,
      async (_connection, request) => (asked.push(request), answerOf(answer(request))),
      [`instructions=${JSON.stringify(instructions)}`, 'evaluation.benchmark=inputs/b'],
    );
    await deps.store.putView('inputs/a', rows instanceof Uint8Array ? rows : jsonLinesBytes(rows));
    await deps.store.putView('inputs/b', jsonLinesBytes([{ prompt: BENCHMARK, type: 'x', length: 500 }]));
    await deps.store.putView('inputs/rules', new TextEncoder().encode(RULES));
    return deps;
  }

  async function select(deps: ActivityDeps, imported?: ImportedSamples): Promise<SelectedInstructions> {
    const candidates = await run(() => listCandidates(deps, RUN));
    return run(() => selectInstructions(deps, { ...RUN, candidates, ...(imported ? { imported } : {}) }));
  }

  /** What was left out, checked against the counts: read = selected + left out. */
  async function leftOutOf(deps: ActivityDeps, outcome: SelectedInstructions): Promise<LeftOut[]> {
    const rows = await readJsonLines(deps.store, outcome.leftOutKey, LeftOut);
    const byStep: Record<string, number> = {};
    for (const { step } of rows) byStep[step] = (byStep[step] ?? 0) + 1;
    expect(outcome.leftOut).toEqual(byStep);
    expect(outcome.read).toBe(outcome.selected + rows.length);
    return rows;
  }

  const promptsOf = async (deps: ActivityDeps, { key }: SelectedInstructions): Promise<string[]> =>
    (await readJsonLines(deps.store, key, Instruction)).map(({ prompt }) => prompt);

  test('every step leaves out what it is for, says why, and the counts add up', async () => {
    const good = promptOf(0);
    const deps = await depsOf(
      [
        { prompt: good },
        { length: 5 },
        { prompt: 'Écris un long essai de 2000 mots sur la mer et les bateaux.' },
        { prompt: good },
        { prompt: 'Write a long story about spies and their letters home.' },
        { prompt: `${good} ` },
        { prompt: good.replace('long story', 'long tale') },
        { prompt: `Please: ${BENCHMARK}` },
        { prompt: 'Write a long story in English about a clock that ran backwards.' },
        { prompt: 'Write one more story in English about a garden behind a wall.' },
        { prompt: '写一篇很长的故事，讲述一座花园的历史。' },
        { prompt: '写一篇很长的小说，讲述一座古老的桥。' },
      ],
      {
        badRows: 'reject',
        languages: ['en', 'zh'],
        rules: { file: 'inputs/rules' },
        nearDuplicates: { threshold: 0.5, gramTokens: 2 },
        decontaminate: { gramTokens: 8 },
        quotas: { en: 2, zh: 5 },
        limit: 3,
      },
    );
    const outcome = await select(deps);
    const rows = await leftOutOf(deps, outcome);
    expect(rows.map(({ line, step, detail }) => [line, step, detail])).toEqual([
      [2, 'bad-row', 'has no column "prompt"'],
      [3, 'language', 'fr'],
      [4, 'duplicate', 'of a.jsonl:1'],
      [5, 'rule', 'spies: "spies"'],
      [6, 'duplicate', 'of a.jsonl:1'],
      [7, 'near-duplicate', expect.stringMatching(new RegExp(`^of ${idOf(good)}, similarity 0\\.\\d\\d$`))],
      [8, 'contamination', expect.stringMatching(/^17 tokens of .*row 1: "Describe in great detail/)],
      [10, 'quota', 'en: 2 at most'],
      [12, 'limit', '3 at most'],
    ]);
    expect(
      rows.every(({ source, id, step }) => source === 'a.jsonl' && (id === undefined) === (step === 'bad-row')),
    ).toBe(true);
    expect(outcome).toMatchObject({ read: 12, selected: 3, duplicates: 2 });
    expect(await promptsOf(deps, outcome)).toEqual([
      good,
      expect.stringContaining('clock'),
      expect.stringContaining('花园'),
    ]);
  });

  test('of one file with all steps off, everything is taken, with the length that its text states', async () => {
    const deps = await depsOf([
      { prompt: 'Write 2,500 words about tea.' },
      { prompt: 'Write about tea.', length: 700, type: 'essay' },
      { prompt: 'Write about coffee.', length: null },
    ]);
    const outcome = await select(deps);
    expect(await leftOutOf(deps, outcome)).toEqual([]);
    expect(
      (await readJsonLines(deps.store, outcome.key, Instruction)).map(({ length, type }) => [length, type]),
    ).toEqual([
      [2500, undefined],
      [700, 'essay'],
      [undefined, undefined],
    ]);
    const off = await depsOf([{ prompt: 'Write 2,500 words about tea.' }], { readLength: false });
    expect((await readJsonLines(off.store, (await select(off)).key, Instruction))[0]).not.toHaveProperty('length');
  });

  test('a broken row fails the stage with file and line, unless such rows are to be left out', async () => {
    const bytes = new TextEncoder().encode('{"prompt": "a story"}\n{"prompt": \n');
    await expect(select(await depsOf(bytes))).rejects.toMatchObject({
      type: 'Instructions.Invalid',
      message: 'a.jsonl:2: not valid JSON',
    });
    expect((await select(await depsOf(bytes, { badRows: 'reject' }))).leftOut).toEqual({ 'bad-row': 1 });
  });

  test('a selection that leaves nothing fails with what left it out', async () => {
    const deps = await depsOf([{ prompt: 'About spies.' }, { prompt: 'About spies.' }], {
      rules: { file: 'inputs/rules' },
    });
    await expect(select(deps)).rejects.toMatchObject({
      type: 'Instructions.Invalid',
      message: 'a.jsonl: no instructions are left of 2 (1 rule, 1 duplicate)',
    });
  });

  test('conversations give their first user turn, and their flags and language are believed', async () => {
    const turn = (content: string, more = {}) => ({ role: 'user', content, ...more });
    const rows = [
      {
        conversation: [{ role: 'assistant', content: 'hi' }, turn('A story, please'), turn('more')],
        language: 'English',
      },
      { conversation: [turn('Eine Geschichte')], language: 'German' },
      { conversation: [turn('Something nasty')], language: 'English', toxic: true },
      { conversation: [turn('Something private', { redacted: true })], language: 'English' },
      { conversation: [], language: 'English' },
    ];
    const settings = { badRows: 'reject', languages: ['en'], rules: { file: 'inputs/rules' } };
    const deps = await depsOf(rows, settings, undefined, { form: 'wildchat' });
    const outcome = await select(deps);
    expect((await leftOutOf(deps, outcome)).map(({ line, step, detail }) => [line, step, detail])).toEqual([
      [2, 'language', 'de'],
      [3, 'rule', 'toxic, says its file'],
      [4, 'rule', 'redacted, says its file'],
      [5, 'bad-row', 'has no user turn with a text'],
    ]);
    expect(await promptsOf(deps, outcome)).toEqual(['A story, please']);
  });

  test('Parquet with columns of its own names, and plain lines, are read, up to their limit', async () => {
    const parquet = parquetWriteBuffer({
      columnData: [
        { name: 'task', data: ['A tale', 'Two tales', 'Three'], type: 'STRING' },
        { name: 'words', data: [500n, 600n, 700n], type: 'INT64' },
      ],
    });
    const columns = { prompt: 'task', length: 'words' };
    const deps = await depsOf(new Uint8Array(parquet), {}, undefined, { columns, limit: 2 });
    expect(
      (await readJsonLines(deps.store, (await select(deps)).key, Instruction)).map(({ length }) => length),
    ).toEqual([500, 600]);
    const lines = await depsOf(new TextEncoder().encode('A tale\n\nTwo tales\n'), {}, undefined, { form: 'lines' });
    expect(await promptsOf(lines, await select(lines))).toEqual(['A tale', 'Two tales']);
  });

  test('imported instructions come last, and of one that is there already the imported one is taken', async () => {
    const deps = await depsOf([{ prompt: promptOf(1) }, { prompt: promptOf(2) }], { limit: 1 });
    const imported = [promptOf(1), promptOf(9)].map((prompt) => ({ id: idOf(prompt), prompt, imported: true }));
    await deps.store.putView('runs/r/imports.jsonl', jsonLinesBytes(imported));
    const left: LeftOut = { source: 'x.jsonl', line: 3, step: 'bad-row', detail: 'not valid JSON' };
    await deps.store.putView('runs/r/imports.left-out.jsonl', jsonLinesBytes([left]));
    const counts = { read: 3, imported: 2, leftOut: { 'bad-row': 1 } };
    const stored = { key: 'runs/r/imports.jsonl', leftOutKey: 'runs/r/imports.left-out.jsonl' };
    const outcome = await select(deps, { ...stored, ...counts });
    expect(outcome).toMatchObject({ read: 5, selected: 3, duplicates: 1 });
    expect((await leftOutOf(deps, outcome))[0]?.detail).toBe(`of ${idOf(promptOf(1))}, which is imported`);
    expect(await readJsonLines(deps.store, outcome.key, Instruction)).toMatchObject([
      { prompt: promptOf(2) },
      ...imported,
    ]);
  });

  test('a selection that was killed is the same, byte for byte, when it is started again', async () => {
    const rows = Array.from({ length: 1200 }, (_, index) => ({ prompt: promptOf(index % 1100) }));
    const settings = { nearDuplicates: { threshold: 0.95 }, limit: 900 };
    const deps = await depsOf(rows, settings);
    const whole = await select(deps);
    const bytesOf = async () => [await readText(deps.store, whole.key), await readText(deps.store, whole.leftOutKey)];
    const before = await bytesOf();

    await rm(join(folder, 'runs/r/candidates'), { recursive: true });
    await deps.store.remove(whole.key);
    await deps.store.remove(whole.leftOutKey);
    let puts = 0;
    const putView: typeof deps.store.putView = async (path, bytes) => {
      if (path.includes('/candidates/') && ++puts === 2) throw new StoreError('Unavailable', 'killed');
      return deps.store.putView(path, bytes);
    };
    await expect(select({ ...deps, store: { ...deps.store, putView } })).rejects.toThrow('killed');
    expect(puts).toBe(2);
    expect(await select(deps)).toEqual(whole);
    expect(await bytesOf()).toEqual(before);
    expect(await leftOutOf(deps, whole)).not.toEqual([]);
  });

  test('its candidates are found by ranges, each once, whatever the pages', async () => {
    const deps = await depsOf(Array.from({ length: 1203 }, (_, index) => ({ prompt: promptOf(index) })));
    const { folder: pages, candidates } = await run(() => listCandidates(deps, RUN));
    const found: { item: string; candidate: Candidate }[] = [];
    for (let offset = 0; offset < candidates; offset += 333)
      found.push(...(await readCandidates(deps.store, pages, offset, Math.min(333, candidates - offset))));
    expect(found.map(({ candidate }) => candidate.line)).toEqual(Array.from({ length: 1203 }, (_, index) => index + 1));
    expect(found[1001]?.item).toBe(`${idOf(promptOf(1001))}-2`);
    expect(await readCandidate(deps.store, pages, found[1001]!.item)).toEqual(found[1001]!.candidate);
    await expect(readCandidate(deps.store, pages, '0123456789abcdef-1')).rejects.toThrow(
      '0123456789abcdef-1 is not in',
    );
  });

  describe('by a model', () => {
    const rows = [{ prompt: promptOf(1) }, { prompt: 'List five colours.' }, { prompt: promptOf(2) }];
    const settings = { model: { minWords: 1500, maxDraws: 2 } };
    const verdict = (request: CallRequest): string => {
      const text = request.messages[0]!.content;
      if (text.includes('number 2,')) return 'I cannot say.';
      return `{"needsLongText": ${!text.includes('colours')}, "reason": "because"}`;
    };

    async function judgeAll(deps: ActivityDeps) {
      const { folder: candidates } = await run(() => listCandidates(deps, RUN));
      const work = { kind: 'selections', folder: candidates } as const;
      const { items, finished } = await run(() => findUnfinished(deps, { ...RUN, work, offset: 0, count: 3 }));
      for (const { id } of items) {
        const earlier: string[] = [];
        for (let draw = 0; draw < 2; draw++) {
          const input = { ...RUN, folder: candidates, item: id, draw, earlier, last: draw === 1 };
          const outcome = await run(() => judgeInstruction(deps, input));
          if (outcome.ok) break;
          earlier.push(outcome.call);
        }
      }
      return { items: items.length, finished };
    }

    test('asks of each whether it needs a long text; a no, and what cannot be read, leave it out with the reason', async () => {
      const deps = await depsOf(rows, settings, verdict);
      expect((await judgeAll(deps)).items).toBe(3);
      expect(asked).toHaveLength(4);
      expect(asked[0]!.messages[0]!.content).toContain('more than 1500 words');
      const outcome = await select(deps);
      expect((await leftOutOf(deps, outcome)).map(({ line, step, detail }) => [line, step, detail])).toEqual([
        [2, 'model', 'because'],
        [3, 'model', 'unreadable: no JSON object'],
      ]);
      expect(await promptsOf(deps, outcome)).toEqual([promptOf(1)]);
    });

    test('what was judged is found, also by another selection, and nothing is paid again', async () => {
      await judgeAll(await depsOf(rows, settings, verdict));
      const other = await depsOf(rows.toReversed(), { ...settings, limit: 1 }, verdict);
      const { items, finished } = await judgeAll(other);
      expect(items).toBe(0);
      expect([finished.kept, finished.rejected]).toEqual([1, { 'no-long-text': 1, unreadable: 1 }]);
      expect(asked).toHaveLength(4);
    });

    test('one that no window holds is left out; without a verdict that should be there, nothing is selected', async () => {
      const deps = await depsOf(rows, settings, verdict);
      await expect(select(deps)).rejects.toThrow(/selections/);
      const full = await depsOf([rows[0]], settings, () => {
        throw new ModelError('ContextExceeded', 'too long');
      });
      const { folder: candidates, ...listed } = await run(() => listCandidates(full, RUN));
      const input = { ...RUN, folder: candidates, item: `${idOf(promptOf(1))}-0`, draw: 0, earlier: [], last: false };
      expect(await run(() => judgeInstruction(full, input))).toMatchObject({ ok: true });
      await expect(
        run(() => selectInstructions(full, { ...RUN, candidates: { folder: candidates, ...listed } })),
      ).rejects.toMatchObject({ message: 'a.jsonl: no instructions are left of 1 (1 model)' });
    });
  });
});
