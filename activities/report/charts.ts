import type { EvaluationScores } from '../../domain/schemas/evaluation.ts';
import { axis, drawChart, grid, guideLine, legend, logAxis, logRange } from './draw.ts';
import { counted, extent, whole } from './format.ts';
import { histogram } from './histogram.ts';
import type { Markup } from './html.ts';
import { modelLooks } from './model-look.ts';
import type { StepValue } from './thin.ts';

/** Words asked for and words written. */
export interface LengthPoint {
  readonly required: number;
  readonly written: number;
}

/** Required against written words of each model, on logarithmic axes. */
export function drawModelLengths(evaluations: readonly EvaluationScores[]): Markup {
  const looks = modelLooks(evaluations.map(({ model }) => model));
  return drawLengths(
    'Required against written words of each model, on logarithmic axes.',
    evaluations.map(({ model, points }) => {
      const { label, color, symbol } = looks.get(model)!;
      return { name: label, color, symbol, points };
    }),
  );
}

/** Required against written words of the dataset's samples, on logarithmic axes. */
export function drawDatasetLengths(points: readonly LengthPoint[]): Markup {
  const label = `Required against written words of ${counted(points.length, 'sample')} of the dataset, on logarithmic axes.`;
  return drawLengths(label, [{ name: 'sample', color: 'var(--accent)', symbol: 'circle', points }]);
}

interface LengthSeries {
  readonly name: string;
  readonly color: string;
  readonly symbol: string;
  readonly points: readonly LengthPoint[];
}

function drawLengths(label: string, series: readonly LengthSeries[]): Markup {
  const points = series.flatMap((one) => one.points);
  // A logarithm has no 0: texts without words stand on the lower edge, which is then labelled 0.
  const empty = points.some(({ written }) => written === 0);
  const x = logRange(points.map(({ required }) => required));
  const y = logRange(
    points.map(({ written }) => written),
    empty,
  );
  const diagonal = [Math.max(x.min, y.min), Math.min(x.max, y.max)].map(Math.log10);
  const several = series.length > 1;
  return drawChart(label, {
    grid: grid(several),
    ...(several && { legend: legend(series.map(({ name }) => name)) }),
    xAxis: logAxis('words required', 30, x),
    yAxis: logAxis('words written', 42, y, empty ? '0' : undefined),
    series: [
      ...(diagonal[0]! < diagonal[1]!
        ? [
            guideLine(
              'dashed',
              'var(--muted)',
              diagonal.map((end) => [end, end]),
            ),
          ]
        : []),
      ...series.map((one) => ({
        type: 'scatter',
        name: one.name,
        silent: true,
        clip: false,
        symbol: one.symbol,
        symbolSize: one.points.length > 200 ? 4 : 9,
        itemStyle: { color: one.color, opacity: one.points.length > 200 ? 0.4 : 0.85 },
        data: one.points.map(({ required, written }) => [
          Math.log10(Math.max(required, x.min)),
          Math.log10(Math.max(written, y.min)),
        ]),
      })),
    ],
  });
}

/** How many samples of the dataset have how many words. */
export function drawHistogram(words: readonly number[]): Markup {
  const bins = histogram(words);
  const [shortest, longest] = extent(words);
  return drawChart(
    `Words of ${counted(words.length, 'sample')} of the dataset, from ${whole(shortest)} to ${whole(longest)}.`,
    {
      grid: grid(false),
      xAxis: axis('words of a sample', 30, {
        type: 'category',
        data: bins.map(({ from, to }) => `${whole(from)}–${whole(to)}`),
      }),
      yAxis: axis('samples', 42, { type: 'value', minInterval: 1 }),
      series: [
        {
          type: 'bar',
          silent: true,
          clip: false,
          barCategoryGap: '8%',
          itemStyle: { color: 'var(--accent)' },
          data: bins.map(({ count }) => count),
        },
      ],
    },
  );
}

/** A line over the optimizer steps of a training. */
export function drawSteps(chart: {
  readonly method: 'sft' | 'dpo';
  /** What it shows, for those who cannot see it. */
  readonly label: string;
  readonly axis: string;
  readonly values: readonly StepValue[];
  /** Ends of the value axis; by the values where undefined. */
  readonly range?: readonly [number, number] | undefined;
}): Markup {
  const [min, max] = chart.range ?? [];
  return drawChart(chart.label, {
    grid: grid(false),
    xAxis: axis('optimizer step', 30, {
      type: 'value',
      minInterval: 1,
      min: 'dataMin',
      max: 'dataMax',
      splitLine: { show: false },
    }),
    yAxis: axis(chart.axis, 42, { type: 'value', scale: true, ...(chart.range && { min, max }) }),
    series: [
      {
        type: 'line',
        silent: true,
        clip: false,
        showSymbol: chart.values.length <= 40,
        symbolSize: 5,
        lineStyle: { color: `var(--${chart.method})`, width: 2 },
        itemStyle: { color: `var(--${chart.method})` },
        data: chart.values.map(({ step, value }) => [step, value]),
      },
    ],
  });
}
