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
  filter: { minWords: 200, minLengthScore: 80 },
};

const headOf = (card: string) => z.record(z.string(), z.unknown()).parse(parse(card.split('---\n')[1]!));

describe('a dataset card', () => {
  it("has a head in the hub's form, with the licence left for the owner to state", () => {
    expect(headOf(renderDatasetCard(CARD))).toMatchObject({
      license: 'other',
      language: ['en'],
      task_categories: ['text-generation'],
      size_categories: ['n<1K'],
      configs: [{ config_name: 'default', data_files: [{ split: 'train', path: 'longwriter-quickstart.jsonl' }] }],
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
    const card = renderDatasetCard({ ...CARD, promptHashes: { plan: 'ffff', section: 'eeee' } });
    for (const part of [
      '| kept | 3 |',
      'too-short | 1 |',
      'verdict | 1 |',
      '| **selected** | **5** |',
      '`abc123`',
      '`ffff`',
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

  it('stands without texts', () => {
    expect(renderDatasetCard({ ...CARD, words: [], rejected: {} })).toContain('No text was kept.');
  });
});
