import { setTimeout as sleep } from 'node:timers/promises';
import type { Resource } from '@opentelemetry/resources';
import type { SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { OpenTelemetryWorkflowClientInterceptor } from '@temporalio/interceptors-opentelemetry/lib/client/index.js';
import type { TelemetrySettings } from '../../../configs/telemetry.ts';
import { bareSpan } from './bare-span.ts';

/** Milliseconds that the end of a process waits for a collector to take the last spans. */
const FLUSH_MS = 3000;

/** The traces of one process. */
export interface Tracing {
  /** For a client: a workflow that it starts belongs to the trace. */
  readonly clientInterceptors: OpenTelemetryWorkflowClientInterceptor[];
  readonly processor: SpanProcessor;
  readonly resource: Resource;
  /** Sends what is left, for three seconds at most. */
  flush(): Promise<void>;
}

let opened: Promise<Tracing> | undefined;

/**
 * Opens the traces of this process, once whoever asks; undefined where none are wanted, and then nothing is loaded.
 *
 * Address, headers, sampler and resource are OpenTelemetry's own variables, which its exporter reads itself.
 * @param warn is told when a collector stops taking spans, and when it takes them again
 */
export async function openTracing(
  { traces }: TelemetrySettings,
  warn: (message: string) => void,
): Promise<Tracing | undefined> {
  return traces ? (opened ??= open(warn)) : undefined;
}

async function open(warn: (message: string) => void): Promise<Tracing> {
  const [{ BasicTracerProvider, BatchSpanProcessor }, { OTLPTraceExporter }, resources, client, { SpanContext }] =
    await Promise.all([
      import('@opentelemetry/sdk-trace-base'),
      import('@opentelemetry/exporter-trace-otlp-proto'),
      import('@opentelemetry/resources'),
      import('@temporalio/interceptors-opentelemetry/lib/client/index.js'),
      import('./span-context.ts'),
    ]);
  const { Resource, envDetectorSync } = resources;
  const ours = Resource.default().merge(new Resource({ 'service.name': 'longwriter' }));
  const resource = ours.merge(envDetectorSync.detect());
  const processor = new BatchSpanProcessor(tellingExporter(new OTLPTraceExporter(), warn));
  const provider = new BasicTracerProvider({ resource, spanProcessors: [processor] });
  provider.register({ contextManager: new SpanContext() });
  return {
    clientInterceptors: [new client.OpenTelemetryWorkflowClientInterceptor()],
    processor,
    resource,
    async flush() {
      const timer = new AbortController();
      const late = sleep(FLUSH_MS, undefined, { signal: timer.signal }).catch(() => undefined);
      await Promise.race([processor.forceFlush().catch(() => undefined), late]);
      timer.abort();
    },
  };
}

/** An exporter of what spans may tell, that says once that a collector takes nothing, and once how many spans were lost to that. */
function tellingExporter(exporter: SpanExporter, warn: (message: string) => void): SpanExporter {
  let lost = 0;
  return {
    export(spans, done) {
      exporter.export(spans.map(bareSpan), (result) => {
        const code: number = result.code;
        const failed = code !== 0;
        // The error may name an address with credentials.
        if (failed && lost === 0) warn('traces are not taken by the collector of OTEL_EXPORTER_OTLP_ENDPOINT');
        if (!failed && lost > 0) warn(`traces are taken again; ${lost} spans were lost`);
        lost = failed ? lost + spans.length : 0;
        done({ code: result.code });
      });
    },
    shutdown: () => exporter.shutdown(),
  };
}
