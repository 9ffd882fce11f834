import { BarChart, LineChart, ScatterChart } from 'echarts/charts';
import { GridComponent, LegendComponent } from 'echarts/components';
import { init, use, type EChartsCoreOption } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { extent } from './format.ts';
import { escapeText, trustedMarkup, type Markup } from './html.ts';

use([BarChart, LineChart, ScatterChart, GridComponent, LegendComponent, SVGRenderer]);

/** Colours are the page's CSS variables, so that one drawing is right in light and dark. */
const TEXT = 'var(--muted)';
const LINE = 'var(--line)';

const WIDTH = 480;
const HEIGHT = 320;

/**
 * Draws a chart as SVG that scales with the page and can be read out.
 *
 * Equal options give equal bytes: what the library numbers per process (class names, hover styles, clip
 * paths, of which nothing here needs one) is taken out.
 * @param label what the chart shows, for those who cannot see it
 * @param height in the units in which it is 480 wide
 */
export function drawChart(label: string, options: EChartsCoreOption, height = HEIGHT): Markup {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height });
  try {
    chart.setOption({ animation: false, textStyle: { fontFamily: 'inherit', fontSize: 13 }, ...options });
    return trustedMarkup(
      chart
        .renderToSVGString()
        .replace(/<(style|defs)[\s\S]*?<\/\1>/g, '')
        .replace(/ (?:class|clip-path|ecmeta_\w+|pointer-events|xmlns:xlink|version|baseProfile)="[^"]*"/g, '')
        .replace(/^<svg width="\d+" height="\d+"/, `<svg role="img" aria-label="${escapeText(label)}"`)
        .replace(/\n\s*/g, ''),
    );
  } finally {
    chart.dispose();
  }
}

/** Room around a chart, with or without a legend above it. */
export function grid(hasLegend: boolean): object {
  return { left: 58, right: 14, top: hasLegend ? 40 : 16, bottom: 52 };
}

/** A legend at the top left, each model's symbol as it is in the chart. */
export function legend(names: readonly string[]): object {
  return {
    data: names,
    // With many names it has a second page, which a picture cannot turn to; so it wraps.
    type: 'plain',
    left: 48,
    top: 4,
    itemGap: 24,
    itemWidth: 14,
    selectedMode: false,
    textStyle: { color: TEXT, fontSize: 13 },
  };
}

/** A line without marks, as guides and the edges of bands are. */
export const bareLine = { type: 'line', silent: true, clip: false, symbol: 'none' } as const;

/** A line that helps to read a chart, and is no data of it. */
export function guideLine(type: 'dashed' | 'dotted', color: string, data: readonly (readonly number[])[]): object {
  return { ...bareLine, lineStyle: { color, width: 1, type }, data };
}

/** Means as a line with a mark at each. */
export function meanLine(name: string, color: string, symbol: string, data: readonly unknown[]): object {
  const line = { type: 'line', silent: true, clip: false, symbolSize: 8, lineStyle: { color, width: 2 } };
  return { ...line, name, symbol, itemStyle: { color }, data };
}

interface AxisOptions extends Record<string, unknown> {
  readonly axisLabel?: object;
  readonly axisTick?: object;
  readonly splitLine?: object;
}

/** The look that every axis shares. */
export function axis(name: string, gap: number, rest: AxisOptions = {}): Record<string, unknown> {
  const { axisLabel, axisTick, splitLine, ...others } = rest;
  return {
    name,
    nameLocation: 'middle',
    nameGap: gap,
    nameTextStyle: { color: TEXT, fontSize: 13 },
    axisLine: { lineStyle: { color: LINE } },
    axisTick: { show: false, ...axisTick },
    axisLabel: { color: TEXT, fontSize: 12, hideOverlap: true, ...axisLabel },
    splitLine: { lineStyle: { color: LINE, opacity: 0.6 }, ...splitLine },
    ...others,
  };
}

/** The range of a logarithmic axis, 1-2-5 steps around some positive numbers. */
export interface LogRange {
  readonly ticks: readonly number[];
  readonly min: number;
  readonly max: number;
}

/** The smallest range of 1-2-5 steps that holds all the positive numbers; with `room`, one step more below them. */
export function logRange(values: readonly number[], room = false): LogRange {
  const positive = values.filter((value) => value > 0);
  const [low, high] = extent(positive.length > 0 ? positive : [100, 1000]);
  const steps = Array.from({ length: 8 }, (_, power) => [1, 2, 5].map((step) => step * 10 ** power)).flat();
  const first = Math.max(0, steps.findLastIndex((step) => step <= low) - (room ? 1 : 0));
  const last = steps.findIndex((step) => step >= high);
  const ticks = steps.slice(first, Math.max(last, first + 1) + 1);
  return { ticks, min: ticks[0]!, max: ticks.at(-1)! };
}

/**
 * A logarithmic axis over a range, on logarithms taken here, since the library's own has no ticks between powers of ten.
 * @param zero label of the range's lower end where it stands for 0 written words
 */
export function logAxis(name: string, gap: number, range: LogRange, zero?: string): Record<string, unknown> {
  const values = range.ticks.map(Math.log10);
  return axis(name, gap, {
    type: 'value',
    min: Math.log10(range.min),
    max: Math.log10(range.max),
    axisTick: { customValues: values },
    axisLabel: {
      customValues: values,
      formatter: (value: number) => {
        const words = Number((10 ** value).toPrecision(1));
        return zero !== undefined && words === range.min ? zero : words.toLocaleString('en-US');
      },
    },
  });
}
