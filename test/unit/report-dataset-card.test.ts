import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { renderDatasetCard, type DatasetCardInput } from '../../activities/report/dataset-card.ts';

const CARD: DatasetCardInput = {
  name: 'longwriter-quickstart',
  writer: 'openai/SmolLM2-135M-Instruct',
  settings: 'abc123',
  counts: { selected: 5, kept: 3, rejected: 1, failed: 1, general: 0 },
  rejected: { 'too-short': 1 },
  words: [400, 100, 1000],
  filter: {
    minWords: 200,
    minLengthScore: 80,
    requireLength: false,
    refusals: true,
    truncated: false,
    leaks: false,
    contamination: { gramTokens: 13 },
  },
  splits: { train: 2, test: 1 },
  languages: { en: 2, zh: 1 },
  origins: { generated: 3 },
  promptHashes: { plan: 'ffff' },
  madeFrom: { instructions: 'runs/demo/instructions-12345678.jsonl', general: ['inputs/aaaa', 'inputs/bbbb'] },
  seed: 42,
};

const headOf = (card: string) => z.record(z.string(), z.unknown()).parse(parse(card.split('---\n')[1]!));

describe('a dataset card', () => {
  it("has a head in the hub's form, with the licence left for the owner to state", () => {
    expect(headOf(renderDatasetCard(CARD))).toMatchObject({
      license: 'other',
      language: ['en', 'zh'],
      task_categories: ['text-generation'],
      size_categories: ['n<1K'],
      configs: [
        {
          config_name: 'default',
          data_files: [
            { split: 'train', path: 'longwriter-quickstart.parquet' },
            { split: 'test', path: 'longwriter-quickstart-test.parquet' },
          ],
        },
      ],
    });
  });

  it.each([
    [999, 'n<1K'],
    [1000, '1K<n<10K'],
    [6000, '1K<n<10K'],
    [186_000, '100K<n<1M'],
  ])('puts %i rows into %s', (kept, category) => {
    const card = renderDatasetCard({ ...CARD, counts: { ...CARD.counts, kept } });
    expect(headOf(card)['size_categories']).toEqual([category]);
  });

  it('shows counts that add up, the filter, the hashes and the lengths', () => {
    const card = renderDatasetCard({
      ...CARD,
      selection: { read: 9, leftOut: { duplicate: 3, language: 1 } },
    });
    for (const part of [
      '| kept | 3 |',
      'too-short | 1 |',
      'verdict | 1 |',
      '| **selected** | **5** |',
      '`abc123`',
      '`ffff`',
      '`inputs/bbbb`',
      '| left out: duplicate | 3 |',
      '| **read** | **9** |',
      '| too-short | 200 words | 1 |',
      '| length-score | S_l 80 | 0 |',
      '| contamination | 13 tokens in a row | 0 |',
      '| near-duplicate | off | 0 |',
      '| test | 1 | longwriter-quickstart-test |',
      '![Histogram of the texts',
    ]) {
      expect(card).toContain(part);
    }
    expect(card).toContain('mean 500,\nmedian 400, shortest 100, longest 1,000');
  });

  it('keeps hostile names inert in the head and in the text', () => {
    const hostile = '--- \n# x: [<script>](y) | `';
    const card = renderDatasetCard({
      ...CARD,
      name: hostile,
      writer: hostile,
      settings: hostile,
      rejected: { [hostile]: 1 },
    });
    expect(headOf(card)['pretty_name']).toBe(hostile);
    const body = card.slice(card.indexOf('\n---\n') + 5);
    expect(body).not.toMatch(/<script|\n# x|\]\(y\)/);
    expect(body.split('\n').filter((line) => line.startsWith('| writer model'))).toHaveLength(1);
  });

  it("takes the owner's licence", () => {
    const card = renderDatasetCard({ ...CARD, licence: { id: 'apache-2.0', note: 'Instructions are ours.' } });
    expect(headOf(card)['license']).toBe('apache-2.0');
    expect(card).toContain('as its owner states. Instructions are ours.');
    expect(card).not.toContain('placeholder');
  });

  it('stands without texts', () => {
    expect(renderDatasetCard({ ...CARD, words: [], rejected: {} })).toContain('No text was kept.');
  });
});
