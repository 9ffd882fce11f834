import { createWriteStream, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { IllegalStateError } from '@temporalio/common';
import { DefaultLogger, Runtime, type TelemetryOptions } from '@temporalio/worker';
import { BUCKETS } from '../activities/metrics.ts';
import { ConfigError } from '../configs/load.ts';
import type { MetricsTarget, TelemetrySettings } from '../configs/telemetry.ts';
import { jsonLine, readableLine } from './log-lines.ts';

/**
 * Says where this process logs and measures to; called once, before any worker and any connection of one.
 *
 * Logs are lines on standard error, for people on a terminal, else one JSON object a line, as in the file where one is
 * given. Fails with ConfigError where metrics cannot be served at the address that was asked for.
 */
export function installRuntime({ logLevel, metrics }: TelemetrySettings, file?: string): void {
  const write = file === undefined ? (line: string) => process.stderr.write(line) : appender(file);
  const format = file === undefined && process.stderr.isTTY ? readableLine : jsonLine;
  const logger = new DefaultLogger(logLevel, (entry) => void write(`${format(entry)}\n`));
  try {
    Runtime.install({
      logger,
      telemetryOptions: {
        logging: { forward: {}, filter: { core: 'WARN', other: 'ERROR' } },
        ...(metrics ? { metrics: { attachServiceName: false, ...exporterOf(metrics) } } : {}),
      },
    });
  } catch (error) {
    const isSecond = error instanceof IllegalStateError;
    if (metrics?.kind !== 'prometheus' || isSecond) throw error;
    throw new ConfigError(
      `metrics cannot be served at ${metrics.bindAddress} (${String(error)}); each worker of a machine needs an ` +
        'OTEL_EXPORTER_PROMETHEUS_PORT of its own',
    );
  }
}

function appender(file: string): (line: string) => unknown {
  mkdirSync(dirname(file), { recursive: true });
  const stream = createWriteStream(file, { flags: 'a' });
  return (line) => stream.write(line);
}

function exporterOf(target: MetricsTarget): NonNullable<TelemetryOptions['metrics']> {
  const common = { useSecondsForDurations: true, histogramBucketOverrides: BUCKETS };
  if (target.kind === 'prometheus') return { prometheus: { bindAddress: target.bindAddress, ...common } };
  const { url, http, headers, intervalMs } = target;
  return { otel: { url, http, headers, metricsExportInterval: intervalMs, ...common } };
}
