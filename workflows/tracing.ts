import type { SerializableSpan } from '@temporalio/interceptors-opentelemetry/lib/workflow/definitions.js';
import { defaultPayloadConverter, type Headers } from '@temporalio/common';
import { proxySinks, uuid4, workflowInfo, type Sinks, type WorkflowInterceptors } from '@temporalio/workflow';

/** The header in which Temporal's OpenTelemetry interceptors carry a trace, here to clients and activities. */
const TRACE_HEADER = '_tracer-data';

interface SpanSinks extends Sinks {
  exporter: { export(spans: SerializableSpan[]): void };
}

/** Where a span belongs: W3C's traceparent, in parts. */
interface Place {
  readonly trace: string;
  readonly id: string;
}

/**
 * Spans of a workflow and of what it schedules, where whoever started it is traced; nothing at all where not. Signals and
 * queries make none: progress is told by many.
 *
 * What decides is the start's header, which is part of the history, and no promise gets another turn by it: a run goes the
 * same way on workers with traces and without. OpenTelemetry itself stays outside, since each workflow evaluates its
 * modules anew: it took 12 ms of processor time a workflow.
 */
export function interceptors(): WorkflowInterceptors {
  let parent: Place | undefined;
  return {
    inbound: [
      {
        execute(input, next) {
          const from = placeOf(input.headers);
          if (!from) return next(input);
          const span = beginSpan(`RunWorkflow:${workflowInfo().workflowType}`, from);
          parent = span.place;
          return span.until(next(input));
        },
      },
    ],
    outbound: [
      {
        scheduleActivity(input, next) {
          if (!parent) return next(input);
          const span = beginSpan(`StartActivity:${input.activityType}`, parent);
          return span.until(next({ ...input, headers: { ...input.headers, ...headerOf(span.place) } }));
        },
        startChildWorkflowExecution(input, next) {
          if (!parent) return next(input);
          const span = beginSpan(`StartChildWorkflow:${input.workflowType}`, parent);
          return span.until(next({ ...input, headers: { ...input.headers, ...headerOf(span.place) } }));
        },
        getLogAttributes(input, next) {
          return next(parent ? { trace_id: parent.trace, span_id: parent.id, ...input } : input);
        },
      },
    ],
  };
}

/** The place of a trace that is sampled; of any other there is nothing to tell. */
function placeOf(headers: Headers): Place | undefined {
  const header = headers[TRACE_HEADER];
  if (!header) return undefined;
  const { traceparent = '' } = defaultPayloadConverter.fromPayload<{ traceparent?: string }>(header);
  const [, trace, id] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-01$/.exec(traceparent) ?? [];
  return trace !== undefined && id !== undefined ? { trace, id } : undefined;
}

const headerOf = ({ trace, id }: Place): Headers => ({
  [TRACE_HEADER]: defaultPayloadConverter.toPayload({ traceparent: `00-${trace}-${id}-01` }),
});

/** Begins a span; `until` ends and sends it with a promise, and returns that very promise. */
function beginSpan(name: string, parent: Place): { place: Place; until: <T>(work: Promise<T>) => Promise<T> } {
  const place = { trace: parent.trace, id: uuid4().replaceAll('-', '').slice(16) };
  const startedAt = Date.now();
  const end = (code: 1 | 2) =>
    proxySinks<SpanSinks>().exporter.export([spanOf(name, place, parent, { startedAt, endedAt: Date.now(), code })]);
  const until = <T>(work: Promise<T>): Promise<T> => {
    work.then(
      () => end(1),
      () => end(2),
    );
    return work;
  };
  return { place, until };
}

/** A span as the exporter takes it; `code` is OpenTelemetry's: 1 all well, 2 an error, whose message stays here. */
function spanOf(
  name: string,
  { trace, id }: Place,
  parent: Place,
  { startedAt, endedAt, code }: { startedAt: number; endedAt: number; code: 1 | 2 },
): SerializableSpan {
  return {
    ...{ name, kind: 0, parentSpanId: parent.id, status: { code }, attributes: {}, links: [], events: [], ended: true },
    spanContext: { traceId: trace, spanId: id, traceFlags: 1 },
    startTime: timeOf(startedAt),
    endTime: timeOf(endedAt),
    duration: timeOf(endedAt - startedAt),
    ...{ droppedAttributesCount: 0, droppedEventsCount: 0, droppedLinksCount: 0 },
    instrumentationLibrary: { name: 'longwriter' },
  };
}

/** Seconds and nanoseconds. */
const timeOf = (ms: number): [number, number] => [Math.floor(ms / 1000), (ms % 1000) * 1e6];
