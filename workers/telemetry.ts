import {
  makeWorkflowExporter,
  OpenTelemetryActivityInboundInterceptor,
  OpenTelemetryActivityOutboundInterceptor,
} from '@temporalio/interceptors-opentelemetry/lib/worker/index.js';
import { Runtime, type WorkerOptions } from '@temporalio/worker';
import { openTracing } from '../activities/io/temporal/tracing.ts';
import type { TelemetrySettings } from '../configs/telemetry.ts';

/** What makes workers tell of themselves, and what ends that. */
export interface WorkerTelemetry {
  readonly options: Pick<WorkerOptions, 'interceptors' | 'sinks'>;
  /** Sends what is left; after the workers have ended. */
  flush(): Promise<void>;
}

type ExportSpans = ReturnType<typeof makeWorkflowExporter>['export']['fn'];

/** Spans of workflows and activities, where traces are on; nothing where not. */
export async function workerTelemetry(settings: TelemetrySettings): Promise<WorkerTelemetry> {
  const tracing = await openTracing(settings, (message) => Runtime.instance().logger.warn(message));
  // A run that was started with a trace makes spans on any worker; without traces they end here.
  if (!tracing) return { options: { sinks: sinksOf(() => undefined) }, flush: async () => undefined };
  const exporter = makeWorkflowExporter(tracing.processor, tracing.resource).export;
  return {
    flush: () => tracing.flush(),
    options: {
      sinks: sinksOf((info, spans) => exporter.fn(info, spans)),
      interceptors: {
        activity: [
          (context) => ({
            inbound: new OpenTelemetryActivityInboundInterceptor(context),
            outbound: new OpenTelemetryActivityOutboundInterceptor(context),
          }),
        ],
      },
    },
  };
}

/** Where the workflows' spans come out. All that Temporal knows of a workflow is too much for each of them, its memo above all. */
function sinksOf(send: ExportSpans): NonNullable<WorkerOptions['sinks']> {
  const fn: ExportSpans = ({ workflowId, runId, workflowType }, spans) =>
    send({ workflowId, runId, workflowType } as Parameters<ExportSpans>[0], spans);
  return { exporter: { export: { fn } } };
}
