import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetReadObjects } from 'hyparquet';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { assembleDataset } from '../../activities/assemble-dataset.ts';
import type { ActivityDeps } from '../../activities/deps.ts';
import { findManifest } from '../../activities/folder.ts';
import { jsonBytes, jsonLinesBytes, readJsonLines, readText } from '../../activities/io/store/json.ts';
import type { Store } from '../../activities/io/store/store.ts';
import { makeRunFiles, sampleSettings } from '../../activities/run-files.ts';
import { loadConfig, parseConfig } from '../../configs/load.ts';
import { sha256Hex } from '../../domain/fingerprint.ts';
import { configKey, sampleKey } from '../../domain/keys.ts';
import { countWords, lengthScore } from '../../domain/length.ts';
import { DatasetSample, Rejection, SftRow } from '../../domain/schemas/dataset.ts';
import type { Sample } from '../../domain/schemas/sample.ts';
import { inActivity, prepareSamples, textOf } from '../samples.ts';

const RUN = { run: 'r', revision: 1 };
const BENCHMARK =
  'Describe the seven wooden bridges of the old town, their builders, their tolls and their ghosts, in 500 words.';
const TOPICS = ['bridges', 'rivers', 'clocks', 'lamps', 'sails', 'mills', 'roads', 'gardens', 'walls', 'bells'];

let folder: string;
let deps: ActivityDeps;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'assemble-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const prepare = async (
  overrides: readonly string[],
  texts: readonly { prompt: string; text: string; length?: number }[],
): Promise<void> => {
  deps = await prepareSamples(folder, ['filter.minWords=50', ...overrides], texts);
};

const assemble = () => inActivity(() => assembleDataset(deps, { ...RUN, instructions: 'instructions' }));

async function bytesOf(store: Store, at: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const path of store.list(at)) found[path.slice(at.length + 1)] = hashOf((await store.find(path))!);
  return found;
}
const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe('assembleDataset', () => {
  const texts = TOPICS.map((topic) => ({ prompt: `Write about ${topic}.`, text: textOf(topic, 10), length: 100 }));

  test('writes the same rows as JSON Lines and as Parquet, and says where each sample stands', async () => {
    await prepare(['dataset.testFraction=0.4'], texts);
    const made = await assemble();
    const name = 'longwriter-quickstart';
    const samples = await readJsonLines(deps.store, `${made.folder}/samples.jsonl`, DatasetSample);
    expect(samples).toHaveLength(10);
    for (const split of ['train', 'test'] as const) {
      const file = `${made.folder}/${name}${split === 'test' ? '-test' : ''}`;
      const rows = await readJsonLines(deps.store, `${file}.jsonl`, SftRow);
      expect(rows.length).toBeGreaterThan(0);
      const parquet = await parquetReadObjects({ file: bufferOf((await deps.store.find(`${file}.parquet`))!) });
      expect(parquet).toEqual(rows);
      for (const { sample, row } of samples.filter((one) => one.split === split))
        expect(sha256Hex(rows[row]!.messages[0]!.content).slice(0, 16)).toBe(sample);
    }
  });

  test('gives every file its rows, bytes and hash in the manifest, and the same bytes when it is made again', async () => {
    await prepare([], texts);
    const { folder: at, kept } = await assemble();
    const manifest = (await findManifest(deps.store, at))!;
    const before = await bytesOf(deps.store, at);
    expect(manifest.files.map(({ path }) => path).toSorted()).toEqual(
      Object.keys(before)
        .filter((path) => path !== 'manifest.json')
        .toSorted(),
    );
    for (const { path, sha256, sizeBytes, rows } of manifest.files) {
      const bytes = (await deps.store.find(`${at}/${path}`))!;
      expect([sha256, sizeBytes]).toEqual([hashOf(bytes), bytes.byteLength]);
      if (path.endsWith('.jsonl')) expect(rows).toBe(new TextDecoder().decode(bytes).split('\n').length - 1);
    }
    expect(manifest.counts).toMatchObject({ selected: 10, kept, rejected: 0, failed: 0 });
    expect(manifest.madeFrom).toMatchObject({ instructions: 'instructions' });

    // A killed one left files without a manifest, some of them cut, and work on this machine.
    await deps.store.remove(`${at}/manifest.json`);
    await deps.store.putView(`${at}/samples.jsonl`, new Uint8Array([1, 2, 3]));
    await assemble();
    expect(await bytesOf(deps.store, at)).toEqual(before);
    expect(await readdir(join(folder, 'work', 'temporary'))).toEqual([]);
  });

  test('counts what it leaves out by its one reason, with a detail, and the counts add up in the card', async () => {
    const twin = texts[0]!.text.replace('The', 'That');
    const all = [
      ...texts,
      { prompt: 'Write about arches.', text: twin },
      { prompt: 'Too short.', text: 'Hm.' },
      { prompt: 'Far too long.', text: textOf('far', 60), length: 60 },
      { prompt: `Please: ${BENCHMARK}`, text: textOf('wood', 10) },
    ];
    await prepare(
      [
        'filter.minLengthScore=20',
        'filter.nearDuplicates={threshold: 0.7}',
        'filter.contamination={gramTokens: 13}',
        'evaluation.benchmark=bench.jsonl',
      ],
      all,
    );
    await deps.store.putView('bench.jsonl', jsonLinesBytes([{ prompt: BENCHMARK, type: 'x', length: 500 }]));
    await deps.store.remove(sampleKey('r', sha256Hex(texts[9]!.prompt).slice(0, 16)));
    const made = await assemble();
    expect(made).toMatchObject({ selected: 14, kept: 9, failed: 1 });
    expect(made.rejected).toEqual({ 'too-short': 1, 'length-score': 1, 'near-duplicate': 1, contamination: 1 });
    const rejections = await readJsonLines(deps.store, `${made.folder}/rejections.jsonl`, Rejection);
    const detail = (reason: string) => rejections.find((one) => one.reason === reason)?.detail;
    expect(detail('near-duplicate')).toMatch(/^of sample [0-9a-f]{16}, similarity 0\.\d\d$/);
    expect(detail('contamination')).toContain('seven wooden bridges of the old town');
    expect(detail('length-score')).toContain('of 60 required: S_l 0.0, 20 asked for');
    const card = await readText(deps.store, `${made.folder}/README.md`);
    for (const line of [
      '| kept | 9 |',
      '| rejected: too-short | 1 |',
      '| failed, without a verdict | 1 |',
      '| **selected** | **14** |',
    ])
      expect(card).toContain(line);
  });

  test('mixes general rows in by count and by ratio, the same ones and in the same order each time', async () => {
    const general = Array.from({ length: 50 }, (_, index) => ({
      messages: [
        { role: 'user' as const, content: `Question ${index}` },
        { role: 'assistant' as const, content: `Answer ${index} \u2028 with a line separator` },
      ],
    }));
    const rowsOf = async (mix: string) => {
      await prepare([`dataset.general=${mix}`], texts);
      await deps.store.putView('inputs/general', jsonLinesBytes(general));
      const { folder: at, general: taken } = await assemble();
      const rows = await readJsonLines(deps.store, `${at}/longwriter-quickstart.jsonl`, SftRow);
      expect(rows).toHaveLength(10 + taken);
      return rows.map(({ messages }) => messages[0]!.content);
    };
    const ten = await rowsOf('[{file: inputs/general, rows: 10}]');
    const thirty = await rowsOf('[{file: inputs/general, ratio: 3}]');
    const questions = (rows: string[]): string[] => rows.filter((row) => row.startsWith('Question'));
    expect(questions(thirty)).toHaveLength(30);
    expect(questions(thirty)).toEqual(expect.arrayContaining(questions(ten)));
    expect(thirty.filter((row) => ten.includes(row))).toEqual(ten);
    // Mixed, not appended.
    expect(thirty.slice(0, 20).some((row) => row.startsWith('Write'))).toBe(true);
    expect(thirty.slice(-20).some((row) => row.startsWith('Write'))).toBe(true);
  });

  test('says so where the general files have fewer rows than asked for', async () => {
    const row = {
      messages: [
        { role: 'user', content: 'q' },
        { role: 'assistant', content: 'a' },
      ],
    };
    await prepare(['dataset.general=[{file: inputs/general, ratio: 30}]'], texts);
    await deps.store.putView('inputs/general', jsonLinesBytes([row, row]));
    const made = await assemble();
    expect(made.general).toBe(2);
    expect(await readText(deps.store, `${made.folder}/README.md`)).toContain('2 general rows (300 were asked for');
  });

  test('says what a general row lacks, where it stands, and leaves nothing behind', async () => {
    await prepare(['dataset.general=[{file: inputs/general}]'], texts);
    await deps.store.putView('inputs/general', new TextEncoder().encode('{"messages": []}\n'));
    await expect(assemble()).rejects.toMatchObject({
      type: 'Dataset.Invalid',
      message: expect.stringContaining('inputs/general:1:'),
    });
    expect(Object.keys(await bytesOf(deps.store, 'runs/r/dataset'))).toEqual([]);
  });

  test('lets two attempts at once come to the same whole dataset', async () => {
    await prepare(['dataset.testFraction=0.4'], texts);
    const [one, other] = await Promise.all([assemble(), assemble()]);
    expect(one).toEqual(other);
    for (const { path, sha256 } of (await findManifest(deps.store, one.folder))!.files)
      expect(hashOf((await deps.store.find(`${one.folder}/${path}`))!)).toBe(sha256);
  });

  test('leaves a split out that has no rows, and fails where that is the train split', async () => {
    await prepare(['dataset.testFraction=0.000001'], texts);
    const { folder: at } = await assemble();
    expect(Object.keys(await bytesOf(deps.store, at)).filter((path) => path.includes('-test'))).toEqual([]);
    expect(await readText(deps.store, `${at}/README.md`)).not.toContain('split: test');
    await prepare(['dataset.testFraction=0.999999'], texts);
    await expect(assemble()).rejects.toMatchObject({ type: 'Dataset.Empty' });
  });

  test('is named as its owner likes, and never holds half of a surrogate pair', async () => {
    const half = { prompt: 'Write half \ud83d.', text: `${textOf('half', 10)} \ud83d end.`, length: 100 };
    await prepare(['dataset.name=kept'], [...texts, half]);
    const { folder: at } = await assemble();
    const lines = await readText(deps.store, `${at}/kept.jsonl`);
    expect(lines.split('\n')).toHaveLength(12);
    expect(lines).not.toContain('\\ud83d');
    expect(lines).toContain('\ufffd end.');
  });

  test('keeps finding the texts when only the filter has changed', async () => {
    await prepare([], texts);
    const { settings: before } = JSON.parse(
      await readText(deps.store, sampleKey('r', sha256Hex(texts[0]!.prompt).slice(0, 16))),
    ) as Sample;
    await deps.store.putView(
      configKey('r'),
      jsonBytes(await loadConfig('configs/quickstart.yaml', ['filter.minWords=60'])),
    );
    deps = { ...deps, files: makeRunFiles(deps.store, parseConfig) };
    expect(sampleSettings(await deps.files.config(RUN))).not.toBe(before);
    expect(await assemble()).toMatchObject({ kept: 10, failed: 0 });
  });

  test('fails where nothing is kept, with the reasons', async () => {
    await prepare(['filter.minWords=5000'], texts);
    await expect(assemble()).rejects.toMatchObject({
      type: 'Dataset.Empty',
      message: expect.stringContaining('10 too-short'),
    });
  });

  test('cuts outputs to dataset.maxWords after the filters, leaves no row out for it, and says so', async () => {
    const paragraphs = texts.map((one, at) => ({ ...one, text: `${textOf(TOPICS[at]!, 5)}\n\n${one.text}` }));
    const read = async (...overrides: string[]) => {
      await prepare(overrides, paragraphs);
      const { folder: at, kept } = await assemble();
      const rows = await readJsonLines(deps.store, `${at}/longwriter-quickstart.jsonl`, SftRow);
      const samples = await readJsonLines(deps.store, `${at}/samples.jsonl`, DatasetSample);
      const card = await readFile(join(folder, at, 'README.md'), 'utf8');
      return { kept, card, samples, outputs: rows.map(({ messages }) => messages[1]!.content) };
    };
    const whole = await read();
    const cut = await read('dataset.maxWords=60', 'filter.minWords=90');
    expect([cut.kept, cut.outputs.length]).toEqual([10, 10]);
    for (const [index, output] of cut.outputs.entries()) {
      expect(whole.outputs[index]!.startsWith(output)).toBe(true);
      expect(output.length).toBeLessThan(whole.outputs[index]!.length);
      const sample = cut.samples.find(({ row }) => row === index)!;
      expect(sample.words).toBe(countWords(output));
      expect(sample.words).toBeLessThanOrEqual(60);
      expect(sample.lengthScore).toBe(lengthScore(100, sample.words));
    }
    expect(cut.card).toContain('at most 60 words');
    expect(whole.card).not.toContain('were cut');
  });

  test('orders rows by the seed', async () => {
    const order = async (seed: number) => {
      await prepare([`seed=${seed}`], texts);
      const { folder: at } = await assemble();
      return readFile(join(folder, at, 'longwriter-quickstart.jsonl'), 'utf8');
    };
    expect(await order(1)).not.toBe(await order(2));
    expect((await order(1)).length).toBe((await order(2)).length);
  });
});

const bufferOf = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer;
