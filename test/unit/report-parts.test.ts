import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareEvaluations } from '../../activities/compare-evaluations.ts';
import { healthTable, lengthTable } from '../../activities/report/evaluation-tables.ts';
import { renderMarkdown } from '../../activities/report/markdown.ts';
import { modelLooks } from '../../activities/report/model-look.ts';
import { readableText } from '../../activities/report/readable-text.ts';
import { renderReport } from '../../activities/report/report.ts';
import { markdownCell } from '../../activities/report/table.ts';
import { evaluated, SAMPLE_REPORT } from './report-sample.ts';

describe('a report as Markdown', () => {
  const markdown = renderMarkdown(SAMPLE_REPORT);

  it('has the verdict and the tables of the page, each row as wide as its head', () => {
    for (const title of [
      '### By required length',
      '### Differences on the same prompts',
      '### By language and type',
      '### S\\_q by dimension',
      '### Longest outputs',
      '### S\\_q along the text',
      '### More than a mean',
      '### Judge and settings',
      '### The paper’s numbers',
    ])
      expect(markdown).toContain(`\n${title}\n`);
    expect(markdown).toContain('SFT against base: S\\_l is higher by');
    for (const table of markdown.match(/(?:^\|.*\n)+/gm)!) {
      const widths = table
        .trim()
        .split('\n')
        .map((line) => line.split(/(?<!\\)\|/).length);
      expect(new Set(widths).size).toBe(1);
    }
  });

  it('keeps any text in its cell, as text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const cell = markdownCell(`${text}|<b>[x](javascript:1)\n# y`);
        expect(cell).not.toMatch(/\n|<|(?<!\\)(?:\\\\)*\||(?<!\\)(?:\\\\)*\[/);
      }),
    );
  });

  it('says of a run without an evaluation that it shows nothing', () => {
    expect(renderMarkdown({ ...SAMPLE_REPORT, evaluations: [], comparisons: [] })).toContain('No model was evaluated');
  });
});

describe('models of any name', () => {
  it('look different, and no name becomes a class of the page', () => {
    const models = ['base', 'warning', 'figures', 'constructor', 'sft', '1', 'a', 'b', 'c', 'd'];
    const looks = [...modelLooks(models).values()];
    expect(new Set(looks.map(({ color, symbol }) => `${color} ${symbol}`)).size).toBe(models.length);
    expect(looks.map(({ key }) => key).join(' ')).not.toMatch(/warning|figures|constructor/);
  });

  it('are drawn where one of them has no answers', () => {
    const evaluations = [evaluated('none', []), evaluated('some', [100, 900])];
    const page = renderReport({ ...SAMPLE_REPORT, evaluations, comparisons: compareEvaluations(evaluations) });
    expect(page).not.toMatch(/NaN|Infinity|undefined/);
    expect(page).toContain('some and none answered no common prompt');
    expect(page).toContain('Asked for 500 words on average');
  });

  it('are compared with the one before and the last with the first, S_q only where one judge scored both', () => {
    const [base, sft, dpo] = SAMPLE_REPORT.evaluations;
    const pairs = (all: Parameters<typeof compareEvaluations>[0]) =>
      compareEvaluations(all).map(({ model, than }) => `${model} ${than}`);
    expect(pairs([base!, sft!, dpo!])).toEqual(['sft base', 'dpo sft', 'dpo base']);
    expect(pairs([base!, sft!])).toEqual(['sft base']);
    const other = { ...sft!, judge: { ...sft!.judge, promptHash: 'another' } };
    const mixed = compareEvaluations([base!, other, dpo!]);
    expect(mixed.map(({ qualityScore }) => qualityScore.n)).toEqual([0, 0, expect.any(Number)]);
    expect(mixed.map(({ lengthScore }) => lengthScore.n)).toEqual([8, 8, 8]);
    expect(mixed[2]!.qualityScore.n).toBeGreaterThan(0);
    const imported = { ...base!.judge, model: 'imported' };
    const [unknown] = compareEvaluations([base!, sft!].map((one) => ({ ...one, judge: imported })));
    expect(unknown!.qualityScore.n).toBe(0);
  });
});

describe('tables of an evaluation', () => {
  it('list required lengths one by one while they are few, as those of LongWrite-Ruler are', () => {
    const table = lengthTable([evaluated('base', [150, 700])]);
    expect(table.rows.map((row) => row.map(({ text }) => text))).toEqual([
      ['200', 'base', '150', '150'],
      ['800', 'base', '700', '700'],
    ]);
    const many = evaluated(
      'base',
      Array.from({ length: 40 }, () => 100),
    );
    expect(lengthTable([many]).rows).toEqual([]);
  });

  it('tell spread where there is any, and why answers are unscored', () => {
    const one = evaluated('base', [150, 700], [1]);
    const names = (spread: typeof one.spread) => healthTable([{ ...one, spread }]).rows.map(([name]) => name!.text);
    expect(names(one.spread).some((name) => name.startsWith('deviation'))).toBe(false);
    expect(names({ ...one.spread, judgement: 3.25 })).toContain('deviation within a completion, S_q');
    const unscored = healthTable([one]).rows.find(([name]) => name!.text === 'unscored')![1]!;
    expect(unscored).toMatchObject({ text: '1 of 2', notes: ['1 no JSON object'] });
  });
});

describe('a text to read', () => {
  it('is cut after 800 words or 8,000 characters, and says so', () => {
    expect(readableText('tea and rain')).toEqual({ text: 'tea and rain', cut: false });
    const words = readableText('tea '.repeat(801));
    expect(words.text.trim().split(' ')).toHaveLength(800);
    expect(words.cut).toBe(true);
    expect(readableText('tea '.repeat(800))).toMatchObject({ cut: false });
    expect(readableText('a'.repeat(200_000))).toEqual({ text: 'a'.repeat(8000), cut: true });
  });

  it('has no control characters and no halves of characters left', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const shown = readableText(`${text}\u0000\r\n\ud83d`).text;
        expect(shown).not.toMatch(/[^\P{Cc}\t\n]|\p{Surrogate}/u);
      }),
    );
  });
});
