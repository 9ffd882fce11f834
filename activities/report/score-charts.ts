import { DIMENSIONS } from '../../domain/schemas/completion.ts';
import type { Comparison, Estimate, EvaluationScores } from '../../domain/schemas/evaluation.ts';
import { axis, bareLine, drawChart, grid, guideLine, legend, logRange, meanLine } from './draw.ts';
import { DIMENSION_LABELS } from './evaluation-tables.ts';
import { signed, whole } from './format.ts';
import type { Markup } from './html.ts';
import { modelLooks } from './model-look.ts';

type Evaluations = readonly EvaluationScores[];

/** Room for the names of rows at the left of a chart. */
const NAMES = 138;

/** S_q of each model by dimension, as bars. */
export function drawDimensions(evaluations: Evaluations): Markup {
  const looks = modelLooks(evaluations.map(({ model }) => model));
  return drawChart(
    'S_q of each model by dimension, 0 to 100.',
    {
      grid: { ...grid(true), left: NAMES },
      legend: legend([...looks.values()].map(({ label }) => label)),
      xAxis: axis('S_q', 30, { type: 'value', min: 0, max: 100 }),
      yAxis: axis('', 0, {
        type: 'category',
        inverse: true,
        data: DIMENSIONS.map((dimension) => DIMENSION_LABELS[dimension]),
      }),
      series: evaluations.map(({ model, overall }) => ({
        type: 'bar',
        name: looks.get(model)!.label,
        silent: true,
        clip: false,
        barCategoryGap: '28%',
        itemStyle: { color: looks.get(model)!.color },
        data: DIMENSIONS.map((dimension) => overall.dimensions[dimension]?.mean ?? '-'),
      })),
    },
    92 + DIMENSIONS.length * (16 + 12 * evaluations.length),
  );
}

/** Differences of models with their intervals, against a line at no difference. */
export function drawDifferences(comparisons: readonly Comparison[]): Markup {
  const looks = modelLooks(comparisons.flatMap(({ than, model }) => [than, model]));
  const label = (model: string): string => cut(looks.get(model)!.label);
  const rows = comparisons.flatMap((one) =>
    (
      [
        ['S̄', one.overall],
        ['S_l', one.lengthScore],
        ['S_q', one.qualityScore],
      ] as const
    ).flatMap(([score, { mean, low, high }]) =>
      mean === null || low === null || high === null
        ? []
        : [
            {
              name: `${label(one.model)} − ${label(one.than)}, ${score}`,
              color: looks.get(one.model)!.color,
              mean,
              low,
              high,
            },
          ],
    ),
  );
  return drawChart(
    `Differences with their intervals: ${rows.map(({ name, mean, low, high }) => `${name} ${signed(mean)} (${signed(low)} to ${signed(high)})`).join('; ')}.`,
    {
      grid: { ...grid(false), left: NAMES + 40 },
      xAxis: axis('difference in points', 30, { type: 'value' }),
      yAxis: axis('', 0, {
        type: 'category',
        inverse: true,
        data: rows.map(({ name }) => name),
        splitLine: { show: false },
      }),
      series: [
        ...rows.map(({ low, high, color }, index) => ({
          ...bareLine,
          lineStyle: { color, width: 2 },
          data: [
            [low, index],
            [high, index],
          ],
        })),
        {
          type: 'scatter',
          silent: true,
          clip: false,
          symbol: 'rect',
          symbolSize: 9,
          data: rows.map(({ mean, color }, index) => ({ value: [mean, index], itemStyle: { color, opacity: 1 } })),
        },
        guideLine('dashed', 'var(--text)', [
          [0, 0],
          [0, rows.length - 1],
        ]),
      ],
    },
    76 + 26 * Math.max(rows.length, 2),
  );
}

/** How many of the training texts, and of each model's answers, have how many words, in percent. */
export function drawLengthShares(training: readonly number[], evaluations: Evaluations): Markup {
  const looks = modelLooks(evaluations.map(({ model }) => model));
  const series = [
    ...(training.length > 0 ? [{ name: 'training data', color: 'var(--accent)', words: training }] : []),
    ...evaluations.map(({ model, points }) => ({
      name: looks.get(model)!.label,
      color: looks.get(model)!.color,
      words: points.map(({ written }) => written),
    })),
  ];
  const { ticks } = logRange(series.flatMap(({ words }) => words));
  const last = ticks.length - 2;
  const binOf = (words: number): number =>
    Math.min(
      last,
      Math.max(
        -1,
        ticks.findLastIndex((tick) => tick <= words),
      ),
    );
  const hasEmpty = series.some(({ words }) => words.includes(0));
  const bins = [...(hasEmpty ? [-1] : []), ...Array.from({ length: last + 1 }, (_, index) => index)];
  return drawChart(`Lengths of the texts in percent: ${series.map(({ name }) => name).join(', ')}.`, {
    grid: grid(true),
    legend: legend(series.map(({ name }) => name)),
    xAxis: axis('words, from', 30, {
      type: 'category',
      data: bins.map((bin) => (bin < 0 ? '0' : whole(ticks[bin]!))),
    }),
    yAxis: axis('% of the texts', 42, { type: 'value' }),
    series: series.map(({ name, color, words }) => {
      const counts = new Map<number, number>();
      for (const one of words) counts.set(binOf(one), (counts.get(binOf(one)) ?? 0) + 1);
      return {
        type: 'bar',
        name,
        silent: true,
        clip: false,
        barCategoryGap: '18%',
        itemStyle: { color },
        data: bins.map((bin) => (100 * (counts.get(bin) ?? 0)) / Math.max(words.length, 1)),
      };
    }),
  });
}

/** S_q of each model by where in its text the judged words begin, with a band for the interval. */
export function drawPositions(evaluations: Evaluations): Markup {
  const looks = modelLooks(evaluations.map(({ model }) => model));
  const shown = evaluations.filter(({ positions }) => positions.length > 0);
  const places = [...new Set(shown.flatMap(({ positions }) => positions.map(({ from }) => from)))].toSorted(
    (a, b) => a - b,
  );
  return drawChart('S_q by the place in the text, with intervals.', {
    grid: grid(true),
    legend: legend(shown.map(({ model }) => looks.get(model)!.label)),
    xAxis: axis('words before the window', 30, {
      type: 'category',
      boundaryGap: places.length === 1,
      data: places.map(whole),
    }),
    yAxis: axis('S_q', 42, { type: 'value', min: 0, max: 100 }),
    series: shown.flatMap(({ model, positions }) => {
      const { label, color, symbol } = looks.get(model)!;
      const values = (of: (estimate: Estimate) => number | null) =>
        places.map((place) => {
          const found = positions.find(({ from }) => from === place);
          return (found && of(found.qualityScore)) ?? '-';
        });
      // A band is what stands on its invisible lower edge.
      const edge = { ...bareLine, stack: model, lineStyle: { opacity: 0 } };
      return [
        { ...edge, data: values(({ low }) => low) },
        {
          ...edge,
          areaStyle: { color, opacity: 0.16 },
          data: values(({ low, high }) => (low === null || high === null ? null : high - low)),
        },
        meanLine(
          label,
          color,
          symbol,
          values(({ mean }) => mean),
        ),
      ];
    }),
  });
}

/** A name as a chart has room for it. */
function cut(name: string): string {
  return name.length > 12 ? `${name.slice(0, 11)}…` : name;
}
