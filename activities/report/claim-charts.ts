import {
  distinctOf,
  isLong,
  isShort,
  lengthScore,
  LONG_FROM,
  meanOver,
  SHORT_TO,
  stopped,
  written,
  type Measured,
} from '../../domain/claim.ts';
import type { PointValue } from '../../domain/evaluation.ts';
import type { Estimate, EvaluationScores, ScoredPoint } from '../../domain/schemas/evaluation.ts';
import { evaluationsOf } from './claim-tables.ts';
import { axis, bareLine, drawChart, grid, guideLine, legend, meanLine } from './draw.ts';
import { decimal, whole } from './format.ts';
import type { Markup } from './html.ts';
import { modelLooks } from './model-look.ts';

/**
 * Words written against the words of the longest output that was trained on: of all prompts and, a little to the right, of
 * those that ask for much, with intervals; what the model wrote before as dashed lines; and as many words as the longest
 * output has as a dotted one.
 */
export function drawDoses({ base, doses }: Measured): Markup {
  const most = doses.at(-1)!.longest;
  const series = [
    { name: 'all prompts', color: 'var(--sft)', symbol: 'circle', taken: undefined, aside: 0 },
    {
      name: `${whole(LONG_FROM)} words or more required`,
      color: 'var(--dpo)',
      symbol: 'rect',
      taken: isLong,
      aside: most / 80,
    },
  ].map((one) => ({
    ...one,
    base: meanOver(base, written, one.taken),
    points: doses.map(({ longest, scores }) => ({ longest, value: meanOver(scores, written, one.taken) })),
  }));
  const label = series
    .map(
      ({ name, points }) => `${name}: ${points.map(({ longest, value }) => `${longest} → ${told(value)}`).join(', ')}`,
    )
    .join('; ');
  const ends = [0, 1.1 * most];
  return drawChart(`Mean words written, by the longest training output. ${label}.`, {
    grid: grid(true),
    legend: legend(series.map(({ name }) => name)),
    xAxis: axis('words of the longest training output', 30, { type: 'value', min: 0, max: Math.round(ends[1]!) }),
    yAxis: axis('words written, mean', 44, { type: 'value', min: 0 }),
    series: [
      guideLine('dotted', 'var(--muted)', [
        [0, 0],
        [most, most],
      ]),
      ...series.flatMap(({ name, color, symbol, aside, base: before, points }) => [
        meanLine(
          name,
          color,
          symbol,
          points.map(({ longest, value }) => [longest + aside, value.mean]),
        ),
        ...points.map(({ longest, value }) =>
          bar(
            color,
            endsOf(value).map((end) => [longest + aside, end]),
          ),
        ),
        guideLine('dashed', color, before.mean === null ? [] : ends.map((end) => [end, before.mean!])),
      ]),
    ],
  });
}

/** What is drawn of each model beside its length, in a panel each. */
const PANELS: readonly { readonly name: string; readonly of: (scores: EvaluationScores) => Estimate }[] = [
  { name: 'S_l, all prompts', of: over(lengthScore) },
  { name: `S_l up to ${SHORT_TO} words required`, of: over(lengthScore, isShort) },
  { name: `S_l from ${LONG_FROM} words required`, of: over(lengthScore, isLong) },
  { name: 'answers that end by themselves, %', of: over((point) => 100 * stopped(point)) },
  { name: 'distinct 4-grams, %', of: over(percentDistinct) },
  { name: 'compression', of: ({ overall }) => overall.compressionRatio },
];

function over(value: PointValue, taken?: (point: ScoredPoint) => boolean): (scores: EvaluationScores) => Estimate {
  return (scores) => meanOver(scores, value, taken);
}

function percentDistinct(point: ScoredPoint): number | undefined {
  const share = distinctOf(point);
  return share === undefined ? undefined : 100 * share;
}

const PANEL = { width: 170, height: 96, left: 62, across: 236, down: 150 } as const;

/** Every model's length scores, ends and repetition, with intervals: a panel for each measure, a line for each model. */
export function drawMeasures(measured: Measured): Markup {
  const evaluations = evaluationsOf(measured);
  const looks = [...modelLooks(evaluations.map(({ model }) => model)).values()];
  const panels = PANELS.map(({ name, of }) => ({ name, values: evaluations.map(of) }));
  const label = panels
    .map(
      ({ name, values }) =>
        `${name}: ${values.map((value, index) => `${looks[index]!.label} ${told(value, decimal)}`).join(', ')}`,
    )
    .join('; ');
  const place = (index: number) => ({
    left: PANEL.left + (index % 2) * PANEL.across,
    top: 8 + Math.floor(index / 2) * PANEL.down,
    width: PANEL.width,
    height: PANEL.height,
  });
  return drawChart(
    `Measures of each model with their intervals. ${label}.`,
    {
      grid: panels.map((_, index) => place(index)),
      xAxis: panels.map(({ name }, gridIndex) => axis(name, 26, { type: 'value', gridIndex, min: 0, splitNumber: 4 })),
      yAxis: panels.map((_, gridIndex) =>
        axis('', 0, { type: 'category', gridIndex, inverse: true, data: looks.map((look) => look.label) }),
      ),
      series: panels.flatMap(({ values }, index) => {
        const at = { xAxisIndex: index, yAxisIndex: index };
        return values.flatMap((value, row) => {
          const { color, symbol } = looks[row]!;
          return [
            {
              ...bar(
                color,
                endsOf(value).map((end) => [end, row]),
              ),
              ...at,
            },
            {
              ...{ type: 'scatter', silent: true, clip: false, symbol, symbolSize: 8, itemStyle: { color } },
              ...at,
              data: value.mean === null ? [] : [[value.mean, row]],
            },
          ];
        });
      }),
    },
    3 * PANEL.down,
  );
}

const endsOf = ({ low, high }: Estimate): number[] => (low === null || high === null ? [] : [low, high]);

const bar = (color: string, data: readonly (readonly number[])[]): object => ({
  ...bareLine,
  lineStyle: { color, width: 2, opacity: 0.6 },
  data,
});

const told = ({ mean, low, high }: Estimate, write: (value: number) => string = whole): string =>
  mean === null ? '–' : `${write(mean)}${low === null || high === null ? '' : ` (${write(low)} to ${write(high)})`}`;
