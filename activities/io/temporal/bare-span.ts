import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';

/** What of an exception may leave: its class. Messages and stacks may hold addresses, names and a provider's words. */
const KEPT = 'exception.type';

/** A span without what its errors say: neither a status message, nor an exception's message and stack. */
export function bareSpan(span: ReadableSpan): ReadableSpan {
  if (span.status.message === undefined && span.events.length === 0) return span;
  const events = span.events.map((event) => {
    if (event.name !== 'exception') return event;
    const type = event.attributes?.[KEPT];
    return { ...event, attributes: type === undefined ? {} : { [KEPT]: type } };
  });
  // The span's own fields stay as they are: some of them are computed.
  return Object.create(span, {
    status: { value: { code: span.status.code }, enumerable: true },
    events: { value: events, enumerable: true },
  }) as ReadableSpan;
}
