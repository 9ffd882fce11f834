import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { datasetDifference, fateLabel } from '../../../domain/dataset-difference.ts';
import { datasetEntries, isWanted } from '../../../domain/dataset-entry.ts';
import { datasetStatistics, wordStatistics } from '../../../domain/dataset-statistics.ts';
import { differences } from '../../../domain/differences.ts';
import { countWords } from '../../../domain/length.ts';
import { cleanSection, joinSections } from '../../../domain/response.ts';
import type { Instruction } from '../../../domain/schemas/instruction.ts';
import { sectionTexts } from '../../../domain/section-texts.ts';
import { id, keptRow, rejection } from '../dataset-run.ts';

const instructions = (...ids: readonly string[]): Map<string, Instruction> =>
  new Map(ids.map((one) => [id(one), { id: id(one), prompt: `Write ${one}.`, length: 100 }]));

describe('the entries of a dataset', () => {
  const entries = datasetEntries(
    [keptRow(id('c'), 0), keptRow(id('9'), 1)],
    [rejection(id('b'))],
    instructions('a', 'b', 'c'),
  );

  it('hold every instruction once and in order, and what came in otherwise behind them', () => {
    expect(entries.map(({ sample, verdict }) => [sample[0], verdict])).toEqual([
      ['a', 'failed'],
      ['b', 'rejected'],
      ['c', 'kept'],
      ['9', 'kept'],
    ]);
    expect(entries.map(({ instruction }) => instruction)).toEqual(['Write a.', 'Write b.', 'Write c.', null]);
  });

  it('are chosen by reason, verdict and words, where both ends of a range belong to it', () => {
    const chosen = (filter: Parameters<typeof isWanted>[1]) =>
      entries.filter((entry) => isWanted(entry, filter)).map(({ sample }) => sample[0]);
    expect(chosen({})).toEqual(['a', 'b', 'c', '9']);
    expect(chosen({ reasons: [] })).toEqual(['a', 'b', 'c', '9']);
    expect(chosen({ kept: true })).toEqual(['c', '9']);
    expect(chosen({ reasons: ['too-short'] })).toEqual(['b']);
    expect(chosen({ reasons: ['length-score'] })).toEqual([]);
    expect(chosen({ minWords: 3, maxWords: 3 })).toEqual(['b']);
    expect(chosen({ minWords: 4 })).toEqual(['c', '9']);
    expect(chosen({ maxWords: 7 })).toEqual(['b']);
  });
});

describe('the statistics of a dataset', () => {
  it('count by verdict and reason, and the counts add up', () => {
    const { counts, rejected, splits, origins } = datasetStatistics(
      datasetEntries(
        [keptRow(id('a'), 0), keptRow(id('b'), 0, { split: 'test', origin: 'imported' })],
        [rejection(id('c')), rejection(id('d'), { reason: 'length-score' }), rejection(id('e'))],
        instructions('a', 'b', 'c', 'd', 'e', 'f'),
      ),
    );
    expect(counts).toEqual({ selected: 6, kept: 2, rejected: 3, failed: 1 });
    expect(rejected).toEqual({ 'length-score': 1, 'too-short': 2 });
    expect([splits, origins]).toEqual([
      { test: 1, train: 1 },
      { generated: 1, imported: 1 },
    ]);
  });

  it('sum up words by language, with quartiles as NumPy has them', () => {
    // numpy.percentile([10, 20, 30, 45], [25, 50, 75]) is [17.5, 25, 33.75].
    expect(wordStatistics([45, 10, 30, 20])).toEqual({
      ...{ rows: 4, min: 10, lowerQuartile: 17.5, median: 25, upperQuartile: 33.75, max: 45, mean: 26.25, total: 105 },
    });
    const kept = [10, 20, 30].map((words, row) =>
      keptRow(id(String(row)), row, { words, language: row === 1 ? 'zh' : 'en' }),
    );
    const { words } = datasetStatistics(datasetEntries(kept, [rejection(id('9'), { words: 999 })], new Map()));
    expect(Object.entries(words).map(([language, { rows, total }]) => [language, rows, total])).toEqual([
      ['all', 3, 60],
      ['en', 2, 40],
      ['zh', 1, 20],
    ]);
  });

  it('put every length score into one bin, 80 into the last, and leave rows out that require no length', () => {
    const kept = [0, 19.9, 20, 79.9, 80, 100, null].map((lengthScore, row) =>
      keptRow(id(String(row)), row, { lengthScore, ...(lengthScore === null ? { required: null } : {}) }),
    );
    const { lengthScores } = datasetStatistics(datasetEntries(kept, [], new Map()));
    expect(lengthScores.bins.map(({ count }) => count)).toEqual([2, 1, 0, 1, 2]);
    expect([lengthScores.rows, lengthScores.share80]).toEqual([6, 2 / 6]);
    expect(lengthScores.mean).toBeCloseTo(299.8 / 6);
  });

  it('say nothing of what is not there', () => {
    const { counts, words, lengthScores } = datasetStatistics([]);
    expect([counts.selected, words, lengthScores.mean, lengthScores.share80]).toEqual([0, {}, null, null]);
  });
});

describe('the difference of two datasets', () => {
  const side = (
    kept: Parameters<typeof datasetEntries>[0],
    rejected: Parameters<typeof datasetEntries>[1],
    ids: string,
  ) => ({
    entries: datasetEntries(kept, rejected, instructions(...ids.split(''))),
    rows: new Map(kept.map(({ sample, words }) => [sample, `text of ${words} words`])),
  });

  it('tells samples in one and not the other with the reason, changed texts, and moves between splits', () => {
    const a = side([keptRow(id('a'), 0), keptRow(id('b'), 1), keptRow(id('c'), 2), keptRow(id('d'), 3)], [], 'abcde');
    const b = side(
      [keptRow(id('a'), 0), keptRow(id('c'), 1, { words: 9 }), keptRow(id('d'), 0, { split: 'test' })],
      [rejection(id('b'))],
      'abcdf',
    );
    const found = datasetDifference(a, b);
    expect(found.verdicts.map((one) => [one.sample[0], fateLabel(one.a), fateLabel(one.b)])).toEqual([
      ['b', 'kept', 'rejected: too-short'],
      ['e', 'failed', 'absent'],
      ['f', 'absent', 'failed'],
    ]);
    expect(found.verdicts[0]!.b).toMatchObject({ detail: '3 words', words: 3 });
    expect(found.texts).toEqual([{ sample: id('c'), a: 8, b: 9 }]);
    expect(found.splits).toEqual([{ sample: id('d'), a: 'train', b: 'test' }]);
    expect(found.same).toBe(1);
  });

  it('tells another reason', () => {
    const a = side([], [rejection(id('a'))], 'a');
    const b = side([], [rejection(id('a'), { reason: 'length-score' })], 'a');
    expect(datasetDifference(a, b).verdicts).toHaveLength(1);
  });

  it('is nothing between a dataset and itself', () => {
    const a = side([keptRow(id('a'), 0)], [rejection(id('b'))], 'abc');
    expect(datasetDifference(a, a)).toEqual({ same: 3, verdicts: [], texts: [], splits: [] });
  });
});

describe('differences of values', () => {
  it('name every place, with what is absent on one side', () => {
    const a = { filter: { minWords: 1, list: [1] }, name: 'a', same: { deep: [1, 2] } };
    const b = { filter: { minWords: 2, list: [2] }, same: { deep: [1, 2] }, seed: 1 };
    expect(differences(a, b)).toEqual([
      { path: 'filter.list', a: [1], b: [2] },
      { path: 'filter.minWords', a: 1, b: 2 },
      { path: 'name', a: 'a', b: undefined },
      { path: 'seed', a: undefined, b: 1 },
    ]);
    expect(differences(a, a)).toEqual([]);
  });
});

describe('the texts of sections', () => {
  const word = fc.constantFrom('tea', 'is', 'old', '茶', '1984', '—');
  const paragraph = fc.array(word, { minLength: 1, maxLength: 6 }).map((words) => words.join(' '));
  const section = fc
    .array(paragraph, { minLength: 1, maxLength: 4 })
    .map((paragraphs) => `Tea ${paragraphs.join('\n\n')}`);

  it('are found again in what was joined, where each begins with a word', () => {
    fc.assert(
      fc.property(fc.array(section, { minLength: 1, maxLength: 6 }), (sections) => {
        const words = sections.map((one) => countWords(cleanSection(one)));
        const found = sectionTexts(joinSections(sections), words)!;
        expect(found).toEqual(sections.map(cleanSection));
      }),
    );
  });

  it('are undefined where the words do not fit', () => {
    expect(sectionTexts('one two\n\nthree', [1, 2])).toBeUndefined();
    expect(sectionTexts('one two\n\nthree', [2])).toBeUndefined();
    expect(sectionTexts('one two\n\nthree', [2, 1, 1])).toBeUndefined();
    expect(sectionTexts('one two', [])).toBeUndefined();
  });
});
