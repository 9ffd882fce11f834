import { SpanStatusCode, trace, type Attributes, type Span, type SpanKind } from '@opentelemetry/api';
import { ApplicationFailure } from '@temporalio/common';
import { ModelError } from './io/model/model.ts';

/** What a span says besides its time; never a text, a key or an address with credentials. */
export interface SpanOptions {
  readonly kind: SpanKind;
  readonly attributes: Attributes;
}

/**
 * Runs work in a span of the trace that its activity belongs to. A failure leaves its type there, not its message. Where
 * traces are off, it is the work alone.
 */
export function inSpan<T>(name: string, options: SpanOptions, work: (span: Span) => Promise<T>): Promise<T> {
  return trace.getTracer('longwriter').startActiveSpan(name, options, async (span) => {
    try {
      return await work(span);
    } catch (error) {
      span.setAttribute('error.type', failureTypeOf(error));
      span.setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    } finally {
      span.end();
    }
  });
}

/** The type under which an error is counted: one of our list, or the class of what is not in it. */
export function failureTypeOf(error: unknown): string {
  if (error instanceof ModelError) return `Model.${error.problem}`;
  if (error instanceof ApplicationFailure && error.type) return error.type;
  return error instanceof Error ? error.name : 'unknown';
}
