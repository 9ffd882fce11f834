import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { METRICS } from '../../activities/metrics.ts';
import { ConfigError } from '../../configs/load.ts';
import { readTelemetry } from '../../configs/telemetry.ts';
import { jsonLine, readableLine } from '../../workers/log-lines.ts';
import { dashboardMetrics, readDashboard } from '../dashboard.ts';

const prometheus = (bindAddress: string) => ({ kind: 'prometheus', bindAddress });
const otlp = (url: string, more: object = {}) => ({
  ...{ kind: 'otlp', url, http: true, headers: {}, intervalMs: 60_000 },
  ...more,
});

describe('readTelemetry', () => {
  test.each([
    ['nothing goes anywhere by default', {}, { traces: false, metrics: undefined, logLevel: 'INFO' }],
    [
      'a collector gets traces and metrics',
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318/', OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20k,b=2' },
      { traces: true, metrics: otlp('http://c:4318/v1/metrics', { headers: { authorization: 'Bearer k', b: '2' } }) },
    ],
    [
      'a signal that is off stays off',
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c', OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none' },
      { traces: false, metrics: undefined },
    ],
    ['traces alone', { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c/t' }, { traces: true, metrics: undefined }],
    ['traces to the default address', { OTEL_TRACES_EXPORTER: 'otlp' }, { traces: true, metrics: undefined }],
    [
      "metrics to a signal's own address, by gRPC",
      {
        OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://c:1',
        OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
        OTEL_METRIC_EXPORT_INTERVAL: '5000',
      },
      { traces: false, metrics: otlp('http://c:1', { http: false, intervalMs: 5000 }) },
    ],
    ['Prometheus', { OTEL_METRICS_EXPORTER: 'prometheus' }, { metrics: prometheus('127.0.0.1:9464') }],
    [
      'Prometheus at an address',
      {
        OTEL_METRICS_EXPORTER: 'prometheus',
        OTEL_EXPORTER_PROMETHEUS_HOST: '0.0.0.0',
        OTEL_EXPORTER_PROMETHEUS_PORT: '9500',
      },
      { metrics: prometheus('0.0.0.0:9500') },
    ],
    [
      'everything off by one variable',
      { OTEL_SDK_DISABLED: 'true', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c' },
      { traces: false, metrics: undefined },
    ],
    ['a level in any case', { LONGWRITER_LOG_LEVEL: 'debug' }, { logLevel: 'DEBUG' }],
  ])('%s', (_, variables, expected) => {
    expect(readTelemetry(variables)).toMatchObject(expected);
  });

  test.each([
    [{ OTEL_TRACES_EXPORTER: 'zipkin' }, /^OTEL_TRACES_EXPORTER=zipkin: expected one of otlp, none$/],
    [{ OTEL_METRICS_EXPORTER: 'prometheus', OTEL_EXPORTER_PROMETHEUS_PORT: 'x' }, /PORT=x: expected a whole number/],
    [{ LONGWRITER_LOG_LEVEL: 'loud' }, /expected one of TRACE, DEBUG, INFO, WARN, ERROR/],
    [{ OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://c', OTEL_EXPORTER_OTLP_HEADERS: 'key=%zz' }, /value of "key"/],
  ])('refuses %j with one line that says what was expected, and no value of a header', (variables, message) => {
    expect(() => readTelemetry(variables)).toThrow(ConfigError);
    expect(() => readTelemetry(variables)).toThrow(message);
    expect(() => readTelemetry(variables)).not.toThrow(/%zz/);
  });
});

describe('a log line', () => {
  const entry = {
    level: 'WARN',
    message: 'activity failed',
    timestampNanos: 1_790_000_000_123_000_000n,
    meta: { workflowId: 'demo', taskToken: 'dGVzdA==', at: 1n, error: new Error('one\ntwo') },
  } as const;

  test('is one JSON object for programs, whatever it holds', () => {
    expect(jsonLine(entry).split('\n')).toHaveLength(1);
    expect(JSON.parse(jsonLine(entry))).toMatchObject({
      ...{ time: '2026-09-21T14:13:20.123Z', level: 'WARN', message: 'activity failed' },
      ...{ workflowId: 'demo', at: '1', error: 'Error: one\ntwo' },
    });
  });

  test('keeps its own time, level and message, whatever its fields are called', () => {
    const fields = { time: 'then', level: 'low', message: 'a detail', reason: 'requested' };
    expect(JSON.parse(jsonLine({ ...entry, meta: fields }))).toEqual({
      ...{ time: '2026-09-21T14:13:20.123Z', level: 'WARN', message: 'activity failed' },
      reason: 'requested',
    });
  });

  test('is a sentence with its facts for people', () => {
    expect(readableLine(entry)).toBe('14:13:20 WARN activity failed workflowId=demo: Error: one\ntwo');
  });
});

describe('the Grafana dashboard', () => {
  const { panels } = readDashboard();
  const queries = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

  test('names only metrics that there are, with labels that they have', () => {
    const ours = dashboardMetrics().filter((name) => name.startsWith('longwriter_'));
    expect(ours.length).toBeGreaterThan(8);
    for (const query of queries)
      for (const [, name = '', matchers = ''] of query.matchAll(/\b(longwriter_\w+)(?:\{([^}]*)\})?/g)) {
        const metric = METRICS[baseOf(name)];
        expect(metric, name).toBeDefined();
        const labels = [...matchers.matchAll(/(\w+)(?:=~|!~|!=|=)"/g)].map(([, label]) => label);
        const known: readonly string[] = [...metric.labels, ...(name.endsWith('_bucket') ? ['le'] : [])];
        expect(known, query).toEqual(expect.arrayContaining(labels));
      }
  });

  test('has queries with closed brackets, and panels that do not overlap', () => {
    for (const query of queries)
      for (const [open, close] of ['()', '{}', '[]'] as const)
        expect(query.split(open!).length, query).toBe(query.split(close!).length);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(Math.max(...panels.map(({ gridPos }) => gridPos.x + gridPos.w))).toBeLessThanOrEqual(24);
  });

  test('and the documentation shows every metric of ours', () => {
    const shown = new Set(dashboardMetrics().map(baseOf));
    const documentation = readFileSync('docs/operations.md', 'utf8');
    for (const [name, { labels }] of Object.entries(METRICS)) {
      expect([...shown]).toContain(name);
      expect(documentation).toContain(`| \`${name}\` | ${labels.map((label) => `\`${label}\``).join(' ')} |`);
    }
  });
});

/** The metric that a series of a histogram belongs to. */
function baseOf(name: string): keyof typeof METRICS {
  const base = name.replace(/_(?:bucket|sum|count)$/, '');
  return (Object.hasOwn(METRICS, base) ? base : name) as keyof typeof METRICS;
}
