import { ConfigError } from './load.ts';

/** What a process tells of itself, and to whom; nothing goes anywhere unless a variable says so. */
export interface TelemetrySettings {
  /** Whether spans are sent by OTLP; where to, and which, the exporter reads from its own OTEL_ variables. */
  readonly traces: boolean;
  readonly metrics: MetricsTarget | undefined;
  readonly logLevel: LogLevel;
}

/** Who gets the metrics of a worker: whoever scrapes `/metrics` at an address, or a collector. */
export type MetricsTarget =
  | { readonly kind: 'prometheus'; readonly bindAddress: string }
  | {
      readonly kind: 'otlp';
      readonly url: string;
      readonly http: boolean;
      readonly headers: Readonly<Record<string, string>>;
      readonly intervalMs: number;
    };

export const LOG_LEVELS = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Reads OpenTelemetry's own variables, as its specification has them, and LONGWRITER_LOG_LEVEL.
 *
 * Fails with ConfigError where one has a value that means nothing here.
 */
export function readTelemetry(env: Variables): TelemetrySettings {
  const disabled = env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true';
  return {
    traces: !disabled && exporterOf(env, 'TRACES', ['otlp']) === 'otlp',
    metrics: disabled ? undefined : metricsTarget(env),
    logLevel: oneOf('LONGWRITER_LOG_LEVEL', (env['LONGWRITER_LOG_LEVEL'] || 'INFO').toUpperCase(), LOG_LEVELS),
  };
}

/** The exporter of a signal: the one that is named, or OTLP where a collector's address is given. */
function exporterOf<T extends string>(env: Variables, signal: string, known: readonly T[]): T | 'otlp' | 'none' {
  const name = `OTEL_${signal}_EXPORTER`;
  const given = env[name];
  if (given) return oneOf(name, given, [...known, 'none'] as const);
  return env['OTEL_EXPORTER_OTLP_ENDPOINT'] || env[`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`] ? 'otlp' : 'none';
}

function metricsTarget(env: Variables): MetricsTarget | undefined {
  const exporter = exporterOf(env, 'METRICS', ['otlp', 'prometheus']);
  if (exporter === 'none') return undefined;
  if (exporter === 'prometheus') {
    const host = env['OTEL_EXPORTER_PROMETHEUS_HOST'] || '127.0.0.1';
    const port = wholeNumber(env, 'OTEL_EXPORTER_PROMETHEUS_PORT', 9464);
    return { kind: 'prometheus', bindAddress: `${host === 'localhost' ? '127.0.0.1' : host}:${port}` };
  }
  const of = (name: string) => env[`OTEL_EXPORTER_OTLP_METRICS_${name}`] || env[`OTEL_EXPORTER_OTLP_${name}`];
  const protocol = oneOf('OTEL_EXPORTER_OTLP_PROTOCOL', of('PROTOCOL') || 'http/protobuf', ['http/protobuf', 'grpc']);
  const http = protocol === 'http/protobuf';
  const base = env['OTEL_EXPORTER_OTLP_ENDPOINT'] || `http://localhost:${http ? 4318 : 4317}`;
  return {
    kind: 'otlp',
    // A signal's own address is whole; the common one is a base.
    url: env['OTEL_EXPORTER_OTLP_METRICS_ENDPOINT'] || (http ? `${base.replace(/\/$/, '')}/v1/metrics` : base),
    http,
    headers: headersOf(of('HEADERS') ?? ''),
    intervalMs: wholeNumber(env, 'OTEL_METRIC_EXPORT_INTERVAL', 60_000),
  };
}

/** Headers as OTLP's variable has them, `name=value,name=value`, with percent signs for what is special. */
function headersOf(text: string): Record<string, string> {
  const pairs = text.split(',').filter((pair) => pair.includes('='));
  return Object.fromEntries(
    pairs.map((pair) => {
      const [name = '', ...value] = pair.split('=');
      try {
        return [name.trim(), decodeURIComponent(value.join('=').trim())];
      } catch {
        throw new ConfigError(`OTEL_EXPORTER_OTLP_HEADERS: the value of "${name.trim()}" is not percent-encoded`);
      }
    }),
  );
}

function wholeNumber(env: Variables, name: string, fallback: number): number {
  const given = env[name];
  if (!given) return fallback;
  if (/^\d{1,9}$/.test(given)) return Number(given);
  throw new ConfigError(`${name}=${given}: expected a whole number`);
}

function oneOf<const T extends string>(name: string, value: string, known: readonly T[]): T {
  if ((known as readonly string[]).includes(value)) return value as T;
  throw new ConfigError(`${name}=${value}: expected one of ${known.join(', ')}`);
}
