import type { Estimate } from '../../domain/schemas/evaluation.ts';
import { axis, drawChart, grid } from './draw.ts';
import type { Markup } from './html.ts';

/** A score at one time; `changed` where the model or the judge had changed since the one before. */
export interface TrendPoint {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly value: Estimate;
  readonly changed: boolean;
}

/** A score over time, 0 to 100, with the band of its intervals. */
export function drawTrend(name: string, points: readonly TrendPoint[]): Markup {
  const known = points.filter(({ value }) => value.mean !== null);
  const ends = known.map(({ at, value: { mean, low, high } }) => ({ at, low: low ?? mean!, high: high ?? mean! }));
  const area = { type: 'line', stack: 'interval', silent: true, symbol: 'none', lineStyle: { opacity: 0 } };
  return drawChart(`${name} from firing to firing, with its 95 % intervals.`, {
    grid: grid(false),
    xAxis: axis('due, UTC', 36, {
      type: 'category',
      data: known.map(({ at }) => new Date(at).toISOString().slice(5, 16).replace('T', ' ')),
    }),
    yAxis: axis(name, 40, { type: 'value', min: 0, max: 100 }),
    series: [
      { ...area, data: ends.map(({ low }) => low), areaStyle: { opacity: 0 } },
      { ...area, data: ends.map(({ low, high }) => high - low), areaStyle: { color: 'var(--accent)', opacity: 0.2 } },
      {
        type: 'line',
        symbolSize: 6,
        symbol: 'circle',
        data: known.map(({ value }) => value.mean),
        lineStyle: { color: 'var(--accent)' },
        itemStyle: { color: 'var(--accent)' },
      },
      // A bar of full height stands where something changed; the line component would be one more library part.
      {
        type: 'bar',
        barWidth: 1,
        silent: true,
        data: known.map(({ changed }) => (changed ? 100 : null)),
        itemStyle: { color: 'transparent', borderColor: 'var(--warning)', borderType: 'dashed', borderWidth: 1 },
      },
    ],
  });
}
