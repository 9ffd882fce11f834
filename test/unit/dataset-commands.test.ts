import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Store } from '../../activities/io/store/store.ts';
import { datasetFolder, instructionsKey, stageKey } from '../../domain/keys.ts';
import { datasetDiff } from '../../scripts/commands/dataset-diff.ts';
import { datasetShow } from '../../scripts/commands/dataset-show.ts';
import { datasetStats } from '../../scripts/commands/dataset-stats.ts';
import { id, keptRow, rejection, TEA, writeRun } from './dataset-run.ts';

let folder: string;
let store: Store;
let lines: string[];
const print = (line: string) => void lines.push(line);
const printed = () => lines.join('\n');
const json = (): unknown => JSON.parse(lines.at(-1)!);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'longwriter-dataset-test-'));
  store = await writeRun(join(folder, 'store'), TEA);
  lines = [];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('longwriter dataset stats', () => {
  it('tells counts that add up, words, and length scores', async () => {
    expect(await datasetStats('tea', {}, store, print)).toBe(0);
    for (const row of [/kept +2/, /rejected: too-short +1/, /without a verdict +1/, /^selected +4$/m, /2 train/])
      expect(printed()).toMatch(row);
    expect(printed()).toMatch(/S_l of 1 kept rows .*: mean 100\.0, 100\.0 % at 80 or above/);
    expect(printed()).not.toContain('!');
  });

  it('tells them as JSON', async () => {
    await datasetStats('tea', { json: true }, store, print);
    expect(json()).toMatchObject({
      counts: { selected: 4, kept: 2, rejected: 1, failed: 1 },
      words: { all: { rows: 2, total: 16 } },
      complaints: [],
    });
  });

  it('says where the manifest counts otherwise, and where a line stands twice', async () => {
    await writeRun(join(folder, 'store'), {
      ...TEA,
      rejected: [...TEA.rejected, rejection(id('a'))],
      counts: { kept: 7 },
    });
    await datasetStats('tea', {}, store, print);
    expect(printed()).toContain('! manifest.json counts 7 kept, the files hold 2');
    expect(printed()).toContain('! 1 samples have more than one line');
  });
});

describe('longwriter dataset show', () => {
  const show = (sample?: string, options: Partial<Parameters<typeof datasetShow>[2]> = {}) =>
    datasetShow('tea', sample, { reason: [], ...options }, store, print);

  it('lists every sample with what became of it, and lets no escape sequence through', async () => {
    expect(await show()).toBe(0);
    expect(lines.slice(1).map((line) => line[0])).toEqual(['a', 'b', 'c', 'd', '4']);
    expect(lines[3]).toMatch(/rejected: too-short +3 +– +– +Write about coffee\./);
    expect(printed()).not.toMatch(new RegExp(String.raw`[\u001b\u009b\u2028\u202e]`));
  });

  it('chooses by reason, verdict, words and number', async () => {
    const chosen = async (options: Parameters<typeof show>[1]) => {
      await show(undefined, { ...options, json: true });
      return (json() as { samples: { sample: string }[] }).samples.map(({ sample }) => sample[0]);
    };
    expect(await chosen({ reason: ['too-short'] })).toEqual(['c']);
    expect(await chosen({ kept: true })).toEqual(['a', 'b']);
    expect(await chosen({ minWords: '4', maxWords: '8' })).toEqual(['a', 'b']);
    expect(await chosen({ limit: '1' })).toEqual(['a']);
  });

  it('shows a sample with instruction, plan, sections, refused draws and text', async () => {
    await show('aaaa');
    for (const part of [
      `sample ${id('a')}: kept`,
      'compression ratio 2.00, repeated 10.0 %',
      'Write 8 words about tea.',
      'Age: Tea is old.',
      'section-refusal',
      'Tea is warm and brown.',
    ])
      expect(printed()).toContain(part);
    expect(printed()).toMatch(/2 +5 +5 +Warmth/);
  });

  it('makes hostile text harmless, and hands it over whole as JSON', async () => {
    await show(id('b'), { text: true });
    expect(printed()).toContain('␛[2J');
    expect(printed()).not.toMatch(new RegExp(String.raw`[\u001b\u009b\u2028\u202e]`));
    await show(id('b'), { json: true });
    expect(lines.at(-1)).not.toMatch(new RegExp(String.raw`[\u001b\u009b\u2028\u202e]`));
    expect(json()).toMatchObject({ sample: id('b'), view: { text: TEA.texts![id('b')] } });
  });

  it('says that a view is gone, that one tells of another text, and that a sample failed', async () => {
    await show(id('c'));
    expect(printed()).toContain('the view of this sample is gone');
    await show(id('d'));
    expect(printed()).toContain('no view: the sample failed');
    await writeRun(join(folder, 'store'), { ...TEA, kept: [keptRow(id('a'), 0, { words: 7 })] });
    await show(id('a'));
    expect(printed()).toContain('! not what the dataset was made from');
  });

  it('refuses what it does not know in one line', async () => {
    await expect(show('e')).rejects.toMatchObject({ exitCode: 2, message: 'run tea has no sample e' });
    await expect(show('')).rejects.toMatchObject({ exitCode: 2 });
    await expect(show(undefined, { reason: ['bored'] })).rejects.toMatchObject({ exitCode: 2 });
    await expect(show(undefined, { minWords: '-1' })).rejects.toMatchObject({ exitCode: 2 });
  });
});

describe('longwriter dataset diff', () => {
  it('tells what became of each sample, whose text changed, and which settings differ', async () => {
    await writeRun(join(folder, 'store'), {
      ...TEA,
      run: 'later',
      kept: [keptRow(id('b'), 0, { required: null, lengthScore: null }), keptRow(id('c'), 1)],
      rejected: [rejection(id('a'), { reason: 'length-score', detail: 'S_l 12' })],
      texts: { [id('b')]: 'Another text.' },
      overrides: ['filter.minWords=5', 'training.sft.epochs=9'],
    });
    expect(await datasetDiff('tea', 'later', {}, store, print)).toBe(0);
    for (const line of [
      'kept → rejected: length-score: 1',
      'rejected: too-short → kept: 1',
      'kept by both, with another text: 1',
      'the same in both: 1',
      '  filter.minWords: 250 → 5',
    ])
      expect(lines).toContain(line);
    expect(printed()).toContain('S_l 12');
    expect(printed()).not.toContain('training');
    await datasetDiff('tea', 'later', { json: true }, store, print);
    expect(json()).toMatchObject({
      settings: [{ path: 'filter.minWords', a: 250, b: 5 }],
      texts: [{ sample: id('b') }],
    });
  });

  it('reads every byte of long rows', async () => {
    const long = 'Tea is old. '.repeat(30_000);
    const texts = { [id('a')]: `${long}.`, [id('b')]: long };
    await writeRun(join(folder, 'store'), { ...TEA, texts });
    await writeRun(join(folder, 'store'), { ...TEA, run: 'later', texts: { ...texts, [id('a')]: `${long}!` } });
    await datasetDiff('tea', 'later', { json: true }, store, print);
    expect(json()).toMatchObject({ same: 3, texts: [{ sample: id('a') }] });
  });

  it('finds no difference between equal datasets, and names an earlier one of a run by its folder', async () => {
    await writeRun(join(folder, 'store'), { ...TEA, hash: '89abcdef' });
    await datasetDiff('tea/0123abcd', 'tea', {}, store, print);
    expect(lines).toContain('no setting differs');
    expect(lines).toContain('the same in both: 4');
    expect(lines[0]).toBe('a: runs/tea/dataset/0123abcd');
  });
});

describe('an earlier dataset of a run', () => {
  it('is told with the instructions that it was made from, and what it was made from differs', async () => {
    const madeFrom = { instructions: instructionsKey('tea', '0123abcd'), filter: 'old' };
    await writeRun(join(folder, 'store'), { ...TEA, madeFrom });
    const newer = { instructions: instructionsKey('tea', '89abcdef'), filter: 'new' };
    const instructions = TEA.instructions.slice(0, 3);
    await writeRun(join(folder, 'store'), { ...TEA, instructions, hash: '89abcdef', madeFrom: newer });
    await datasetDiff('tea/0123abcd', 'tea', {}, store, print);
    expect(lines).toContain('failed → absent: 1');
    expect(lines).toContain('  made from filter: "old" → "new"');
  });
});

describe('a dataset that is not there', () => {
  it('is told in one line: no such run, none made yet with the command that makes it, not whole', async () => {
    await expect(datasetStats('nobody', {}, store, print)).rejects.toMatchObject({ exitCode: 4 });
    await expect(datasetStats('a/b/c', {}, store, print)).rejects.toMatchObject({ exitCode: 2 });
    await expect(datasetStats('tea/../up', {}, store, print)).rejects.toMatchObject({ exitCode: 2 });
    await expect(datasetStats('tea/89abcdef', {}, store, print)).rejects.toThrow('run tea has no dataset 89abcdef');
    await store.remove(`${datasetFolder('tea', '0123abcd')}/manifest.json`);
    await expect(datasetStats('tea', {}, store, print)).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining('longwriter -- resume tea --until dataset'),
    });
    await store.remove(stageKey('tea', 'dataset'));
    await expect(datasetStats('tea', {}, store, print)).rejects.toThrow('run tea has no dataset yet');
  });

  it('is still counted where the instructions are gone', async () => {
    await store.remove(stageKey('tea', 'select'));
    await datasetStats('tea', {}, store, print);
    expect(printed()).toContain('! the instructions of the run are gone');
    expect(printed()).toMatch(/kept +2/);
  });
});
