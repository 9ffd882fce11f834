import { describe, expect, it } from 'vitest';
import type { ReportData } from '../../activities/report/data.ts';
import { duration } from '../../activities/report/format.ts';
import { histogram } from '../../activities/report/histogram.ts';
import { html } from '../../activities/report/html.ts';
import { renderMarkdown } from '../../activities/report/markdown.ts';
import { paperWarning } from '../../activities/report/paper-results.ts';
import { renderReport } from '../../activities/report/report.ts';
import { verdict } from '../../activities/report/verdict.ts';
import type { Estimate, ScoreSummary } from '../../domain/schemas/evaluation.ts';
import { evaluated, GATES, SAMPLE_REPORT } from './report-sample.ts';

const HOSTILE = `"><script>alert('x')</script><img src=x onerror=alert(1)>&lt;`;

/** The words of a page as a reader sees them. */
function textOf(page: string): string {
  return page
    .replace(/<style>[\s\S]*?<\/style>/g, '')
    .replace(/<svg[\s\S]*?<\/svg>/g, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ');
}

describe('a report', () => {
  const page = renderReport(SAMPLE_REPORT);
  const text = textOf(page);

  it('says the mean words of the three models, each with its interval and n', () => {
    const wrote = SAMPLE_REPORT.evaluations.map(({ overall: { words } }, index) => {
      const [mean, low, high] = [words.mean!, words.low!, words.high!].map((value) => value.toFixed(0));
      return `the ${['base', 'SFT', 'DPO'][index]} model wrote ${mean} (95 % ${low} to ${high}, n = 8)`;
    });
    expect(text).toContain(`Asked for 563 words on average, ${wrote[0]}, ${wrote[1]} and ${wrote[2]}.`);
    expect(text).toContain('With 8 prompts the intervals are wide');
  });

  it('claims a difference only with its interval, and none that chance explains or too few prompts show', () => {
    const [first, second] = SAMPLE_REPORT.comparisons;
    expect(text).toContain(
      `SFT against base: S l is higher by ${first!.lengthScore.mean!.toFixed(1)} (95 % ${first!.lengthScore.low!.toFixed(1)} to ${first!.lengthScore.high!.toFixed(1)}, 8 prompts); S q has too few scores (5 prompts)`,
    );
    expect(text).toContain(
      `DPO against SFT: S l shows no difference that can be told from chance (−0.7, 95 % −${Math.abs(second!.lengthScore.low!).toFixed(1)} to +${second!.lengthScore.high!.toFixed(1)}, 8 prompts); S q `,
    );
  });

  it('tells drift of the judge, what was cut, unscored, empty, and that the judge is a stand-in', () => {
    for (const sentence of [
      'Held against the frozen scores of 20 completions, the judge shows no drift that can be told from chance (−1.4, 95 % −4.1 to +1.2). It left 1 of them unscored.',
      'Without a score by the judge: 1 of 8 answers of base and 2 of 8 answers of SFT.',
      'Empty: 1 of 8 answers of base.',
      'S q comes from a stand-in for a judge',
    ]) {
      expect(text).toContain(sentence);
    }
    const drift = { mean: 3.4, n: 20, low: 1.25, high: 5.04 };
    const drifted = verdict({ ...SAMPLE_REPORT, calibration: { ...SAMPLE_REPORT.calibration!, unscored: 0, drift } });
    expect(drifted.join(' ')).toContain('the judge is off by +3.4 (95 % +1.3 to +5.0)');
  });

  it('shows every score of every bucket, language and type with its interval and n', () => {
    const cell = ({ mean, low, high, n }: Estimate, digits = 1) =>
      mean === null
        ? `– n ${n}`
        : `${mean.toFixed(digits)}${n < 2 ? '' : ` ${low!.toFixed(digits)} to ${high!.toFixed(digits)} ·`} n ${n}`;
    for (const { overall, buckets, languages, types } of SAMPLE_REPORT.evaluations)
      for (const one of [overall, ...[buckets, languages, types].flatMap(Object.values<ScoreSummary>)])
        expect(text).toContain([one.overall, one.lengthScore, one.qualityScore].map((score) => cell(score)).join(' '));
  });

  it('says judge, prompt, sampling, resampling and drift once where all models have them in common', () => {
    expect(text).toContain('temperature 0.5, top p 0.8, at most 2,048 tokens judge openai/SmolLM2-135M-Instruct');
    expect(text).toContain('95 %, 2,000 resamples of the prompts, seed 42');
    const [one, other] = SAMPLE_REPORT.evaluations;
    const evaluations = [one!, { ...other!, judge: { ...other!.judge, temperature: 0 } }];
    const differing = textOf(renderReport({ ...SAMPLE_REPORT, evaluations }));
    expect(differing).toContain('temperature of the judge, base 0.5 temperature of the judge, SFT 0');
  });

  it('without a judge tells nothing of quality, and misses nothing', () => {
    const { calibration: _, ...rest } = SAMPLE_REPORT;
    const nothing = { mean: null, n: 0, low: null, high: null };
    const data: ReportData = {
      ...rest,
      evaluations: rest.evaluations.map((one) => ({
        ...one,
        judge: { ...one.judge, judgements: 0 },
        overall: { ...one.overall, qualityScore: nothing, overall: nothing, unscored: 0, unscoredReasons: {} },
        positions: [],
        points: one.points.map((point) => ({ ...point, qualityScore: null })),
      })),
      comparisons: rest.comparisons.map((one) => ({ ...one, qualityScore: nothing, overall: nothing })),
      examples: [],
    };
    const [told = '', paper = ''] = textOf(renderReport(data)).split('The paper’s numbers');
    expect(told).toContain('Judge: none was asked.');
    expect(told).not.toMatch(/S q|S̄|stand-in|without a score|unscored|drift|dimension/i);
    expect(paper).toContain('no judge was asked');
    expect(renderMarkdown(data).split('paper')[0]).not.toMatch(/S\\_q|S̄|drift/);
  });

  it('shows counts of the dataset that add up', () => {
    expect(text).toContain(
      'kept 10 rejected: length-score 1 rejected: section-truncated 1 failed, without a verdict 1 all 13',
    );
    expect(text).not.toContain('These add up to');
  });

  it('says so where the counts do not add up', () => {
    const dataset = { ...SAMPLE_REPORT.dataset!, selected: 14 };
    expect(textOf(renderReport({ ...SAMPLE_REPORT, dataset }))).toContain(
      'These add up to 13, but 14 instructions were selected.',
    );
  });

  it('shows stages, pairs, calls and tokens', () => {
    for (const part of [
      'generate 2 min 44 s 10 kept',
      '8 prompts gave 6 pairs',
      'it is 8.0 points at the median, 1.5 to 20.0',
      'Mixed in: 70 general pairs (72 were asked for)',
      '1 dropped (unscored)',
      '98,220 (81 %)',
      '153',
    ]) {
      expect(text).toContain(part);
    }
  });

  it('says how each trained model answered short prompts, and why one fails', () => {
    for (const part of [
      'Gate on short prompts: SFT passed',
      'before SFT 61.5 n 12 98 12.5 % 11 of 12 0 after SFT 66.2 n 12 119',
      'Gate on short prompts: DPO failed 3 of 12 answers degenerate (1 loop, 2 empty), 10.0 % allowed; mean S_l fell by 25.2, 10 allowed.',
      'after DPO 41.0 n 12 260 12.5 % 11 of 12 1 loop, 2 empty',
    ]) {
      expect(text).toContain(part);
    }
  });

  it('draws its charts as SVG that scales and can be read out', () => {
    const charts = page.match(/<svg[^>]*>/g)!;
    expect(charts).toHaveLength(9);
    for (const chart of charts)
      expect(chart).toMatch(/^<svg role="img" aria-label="[^"]+" xmlns="[^"]+" viewBox="0 0 480 \d+">$/);
  });

  it('says plainly that an embedded judge is a stand-in, and of another judge that scores hold for it alone', () => {
    expect(text).toContain('This judge is a stand-in');
    const other = textOf(renderReport({ ...SAMPLE_REPORT, judgeIsStandIn: false }));
    expect(other).not.toContain('stand-in');
    expect(other).toContain('Scores hold for this judge');
  });

  it('puts only confirmed numbers of the paper beside its own, and says that they do not compare', () => {
    expect(text).toContain('This run is not comparable with them: the benchmark is not its 120 prompts');
    expect(text).toContain('LongWriter-9B (SFT) 80.5 78.6 82.3');
    expect(text).toContain('LongWriter-9B-DPO 84.0 – –');
  });

  it('warns less where benchmark and judge are the paper’s, and never says that the scores compare', () => {
    const [one] = SAMPLE_REPORT.evaluations;
    const evaluation = {
      ...one!,
      benchmark: 'inputs/1f6e99497cc24d65894d65e014062f398ba946ebdd254b7f8b339e48d3ab5779',
      judge: { ...one!.judge, model: 'openai/gpt-4o-2024-05-13' },
      overall: { ...one!.overall, prompts: 120 },
    };
    expect(paperWarning([evaluation])).toMatchObject({ comparable: true });
    expect(paperWarning([evaluation]).text).toContain('only if the judge’s prompt is the released judge.txt');
    for (const [change, reason] of [
      [{ benchmark: one!.benchmark }, 'benchmark'],
      [{ overall: one!.overall }, 'benchmark'],
      [{ judge: { ...evaluation.judge, temperature: 0 } }, 'judge'],
    ] as const)
      expect(paperWarning([{ ...evaluation, ...change }])).toMatchObject({
        comparable: false,
        text: expect.stringContaining(`the ${reason} is not`) as string,
      });
  });

  it('gives the same bytes for the same data', () => {
    expect(renderReport(SAMPLE_REPORT)).toBe(page);
  });

  it('loads nothing and runs nothing', () => {
    expect(page).not.toMatch(/<(?:script|link|img|iframe|object|embed|base)\b/i);
    expect(page).not.toMatch(/\b(?:src|href|srcset|action)\s*=/i);
    expect(page).not.toMatch(/url\(|@import/i);
    expect(page.match(/https?:[^"' ]*/g)!.filter((address) => address !== 'http://www.w3.org/2000/svg')).toEqual([]);
    expect(page).toContain('default-src &#39;none&#39;');
  });

  it('keeps hostile names inert wherever a name is shown', () => {
    const evaluations = SAMPLE_REPORT.evaluations.map((one) => ({
      ...one,
      benchmark: HOSTILE,
      judge: { model: HOSTILE, temperature: 0.5, promptHash: HOSTILE, judgements: 1, windowWords: 800 },
    }));
    const hostile = renderReport({
      ...SAMPLE_REPORT,
      run: HOSTILE,
      writer: { model: HOSTILE },
      stages: [{ stage: 'select', seconds: 1, summary: HOSTILE }],
      dataset: { ...SAMPLE_REPORT.dataset!, name: HOSTILE, rejected: { [HOSTILE]: 2 } },
      preferences: { ...SAMPLE_REPORT.preferences!, dropped: { [HOSTILE]: 1 } },
      evaluations,
    });
    expect(hostile).not.toMatch(/<script|<img|onerror=alert\(1\)>/);
    expect(hostile.split('&#60;script&#62;alert(&#39;x&#39;)').length - 1).toBeGreaterThanOrEqual(7);
    expect(hostile.match(/<svg/g)).toHaveLength(9);
  });
});

describe('a report of a run that stopped early', () => {
  const nothing: ReportData = {
    run: 'early',
    stages: [],
    trainings: [],
    evaluations: [],
    comparisons: [],
    writer: { model: 'writer' },
    judgeIsStandIn: true,
    calls: { calls: 0, promptTokens: 0, cachedTokens: 0, completionTokens: 0 },
  };

  it('says what is absent instead of drawing it', () => {
    const page = renderReport(nothing);
    expect(page).not.toContain('<svg');
    for (const part of [
      'No model was evaluated',
      'No dataset was assembled',
      'No SFT model',
      'No DPO model',
      'No preference pairs',
      'No stage',
    ]) {
      expect(textOf(page)).toContain(part);
    }
  });

  it('draws no empty chart of a part that is there without numbers', () => {
    const page = renderReport({
      ...nothing,
      dataset: { name: 'none', kept: 0, rejected: {}, failed: 1, words: [], points: [] },
      trainings: [{ method: 'sft', rows: 1, steps: 0, seconds: 1, losses: [], gate: GATES.passed }],
      evaluations: [evaluated('base', [])],
    });
    expect(page).not.toContain('<svg');
    expect(textOf(page)).toContain('the base model has no answers (n = 0)');
    expect(page).not.toMatch(/NaN|Infinity|undefined|null/);
  });
});

describe('a report of a model that wrote nothing', () => {
  it('puts answers without words on the lower edge, and says so', () => {
    const page = renderReport({ ...SAMPLE_REPORT, comparisons: [], evaluations: [evaluated('base', [0, 0, 0])] });
    expect(page).not.toMatch(/NaN|Infinity|undefined/);
    expect(page).toContain('Answers without a word stand on the lower edge.');
    expect(page.match(/<svg[^>]*aria-label="Required against written words of each[\s\S]*?<\/svg>/)![0]).toContain(
      '>0</text>',
    );
  });

  it('shows a dash and n 0 for a quality that no judgement gives', () => {
    const evaluations = [evaluated('base', [10, 20], [0, 1])];
    const text = textOf(renderReport({ ...SAMPLE_REPORT, evaluations }));
    expect(text).toContain('base – n 0 0.0 0.0 to 0.0 · n 2 – n 0');
    expect(verdict({ ...SAMPLE_REPORT, evaluations, comparisons: [] })[0]).toContain('wrote 15 (95 % 10 to 20, n = 2)');
  });
});

describe('html', () => {
  it('escapes text and numbers, and takes markup as it is', () => {
    expect(html`<p title="${`"'`}">${'<b>'}${html`<i>${'&'}</i>`}${[html`1`, html`2`]}${3}</p>`.text).toBe(
      '<p title="&#34;&#39;">&#60;b&#62;<i>&#38;</i>123</p>',
    );
  });
});

describe('numbers of a report', () => {
  it('bins every value once, in at most twelve bins', () => {
    for (const values of [[0], [100, 100], [298, 1014, 500], [2000, 32000, 9999], [7, 1_000_000]]) {
      const bins = histogram(values);
      expect(bins.reduce((sum, { count }) => sum + count, 0)).toBe(values.length);
      expect(bins.length).toBeLessThanOrEqual(12);
    }
  });

  it('writes times as people say them', () => {
    expect([0.42, 48, 59.7, 125, 7800].map(duration)).toEqual([
      '0.4 s',
      '48 s',
      '1 min 00 s',
      '2 min 05 s',
      '2 h 10 min',
    ]);
  });
});
