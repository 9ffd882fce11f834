import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { ReportData } from '../../activities/report/data.ts';
import { renderReport } from '../../activities/report/report.ts';
import { thin } from '../../activities/report/thin.ts';
import { readCurve } from '../../activities/training-curve.ts';
import { parseEvents } from '../../domain/trainer-events.ts';
import type { TrainerEvent } from '../../domain/schemas/trainer.ts';
import { SAMPLE_REPORT } from './report-sample.ts';

const at = (second: number) => ({ version: 1 as const, time: new Date(second * 1000).toISOString() });
const started = (step: number, more: object = {}): TrainerEvent => ({
  ...at(0),
  event: 'run-start',
  step,
  total_steps: 9,
  ...more,
});
const stepped = (step: number, loss: number | null, more: object = {}): TrainerEvent => ({
  ...at(step),
  event: 'step-end',
  step,
  total_steps: 9,
  loss,
  tokens_per_second: 100 * step,
  ...more,
});

describe('the curve of a training', () => {
  it('takes the last word on a step, in order, and leaves out a loss that is none', () => {
    const curve = readCurve([
      started(0),
      ...[stepped(1, 3), stepped(2, 2), stepped(3, 9)],
      started(2),
      ...[stepped(3, 1.5), stepped(4, null), stepped(5, 1)],
    ]);
    expect(curve.losses).toEqual([
      { step: 1, value: 3 },
      { step: 2, value: 2 },
      { step: 3, value: 1.5 },
      { step: 5, value: 1 },
    ]);
    expect(curve).toMatchObject({ steps: 5, seconds: 5, tokensPerSecond: 300 });
  });

  it('knows of rows, padding, memory and rewards what the events say, and nothing else', () => {
    const counts = { skipped_rows: 2, cut_rows: 1, padding_share: 0.013 };
    const metrics = { 'rewards/accuracies': 0.75, 'rewards/margins': 0.1, 'logps/chosen': -9 };
    const curve = readCurve([
      started(0, counts),
      stepped(1, 0.7, { metrics, memory_bytes: 3e9 }),
      stepped(2, 0.6, { memory_bytes: 2e9 }),
    ]);
    expect(curve).toMatchObject({ skippedRows: 2, cutRows: 1, paddingShare: 0.013, memoryBytes: 3e9 });
    expect(curve).toMatchObject({ accuracies: [{ step: 1, value: 0.75 }], margins: [{ step: 1, value: 0.1 }] });
    expect(Object.keys(readCurve([started(0), stepped(1, 1)])).toSorted()).toEqual([
      ...['losses', 'seconds', 'steps', 'tokensPerSecond'],
    ]);
    expect(readCurve([])).toEqual({ steps: 0, seconds: 0, losses: [] });
  });

  it('reads a recorded file', async () => {
    const curve = readCurve(parseEvents(await readFile('test/fixtures/trainer-events.jsonl', 'utf8')));
    expect(curve).toMatchObject({ steps: 3, skippedRows: 0, cutRows: 3, tokensPerSecond: 63.3 });
    expect(curve.losses.map(({ value }) => value.toFixed(2))).toEqual(['0.41', '0.12', '0.08']);
  });
});

describe('thin', () => {
  it('keeps few values as they are, and makes means of many that lie next to one another', () => {
    const values = [4, 2, 3, 1, 8].map((value, index) => ({ step: index + 1, value }));
    expect(thin(values, 5)).toEqual({ every: 1, values });
    expect(thin(values, 3)).toEqual({
      every: 2,
      values: [
        { step: 2, value: 3 },
        { step: 4, value: 2 },
        { step: 5, value: 8 },
      ],
    });
  });
});

describe('the training in a report', () => {
  type Training = ReportData['trainings'][number];
  const losses = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ step: index + 1, value: 2 / (index + 1) + 0.1 * (index % 7) }));
  const shown = (training: Partial<Training>): { page: string; text: string } => {
    const { gate } = SAMPLE_REPORT.trainings[0]!;
    const whole: Training = { method: 'sft', rows: 10, steps: 3, seconds: 9, losses: losses(3), gate, ...training };
    const page = renderReport({ ...SAMPLE_REPORT, trainings: [whole] });
    const section = page.slice(page.indexOf('<h2>Training'), page.indexOf('<h2>Stages'));
    return { page: section, text: section.replace(/<svg[\s\S]*?<\/svg>|<[^>]+>/g, ' ').replace(/\s+/g, ' ') };
  };

  it('has the numbers beside the curve, and no row of what nobody measured', () => {
    const { text } = shown({ tokensPerSecond: 820.4, skippedRows: 2, paddingShare: 0.0134, memoryBytes: 2.14e9 });
    for (const fact of [
      'loss at the first step 2.000',
      'loss at the last step 0.867',
      'rows left out, over-long 2',
      'padding 1.3 %',
      'tokens a second, median 820',
      'memory at most 2.1 GB',
    ])
      expect(text).toContain(fact);
    expect(text).not.toContain('rows cut');
  });

  it.each([1, 3, 40, 3000])('draws %i steps, and says where it draws means', (count) => {
    const { page, text } = shown({ losses: losses(count), steps: count });
    expect(page.match(/<svg/g)).toHaveLength(1);
    expect(page).not.toMatch(/NaN|Infinity|undefined/);
    expect(text.includes('Drawn is the mean of every 10 steps.')).toBe(count === 3000);
    expect(page.length).toBeLessThan(20_000);
  });

  it('shows accuracy and margin of the rewards where DPO logged them', () => {
    const accuracies = [0.5, 0.75, 1].map((value, index) => ({ step: index + 1, value }));
    const { page, text } = shown({ method: 'dpo', accuracies, margins: accuracies });
    expect(page.match(/<svg/g)).toHaveLength(3);
    expect(text).toContain('DPO reward accuracy');
    expect(text).toContain('DPO reward margin');
  });
});
