import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import protobuf from 'protobufjs';

/** What of opentelemetry/proto/trace/v1/trace.proto a test looks at. */
const SCHEMA = `syntax = "proto3";
message Request { repeated ResourceSpans resource_spans = 1; }
message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
message Resource { repeated KeyValue attributes = 1; }
message ScopeSpans { repeated Span spans = 2; }
message Span { bytes trace_id = 1; bytes span_id = 2; bytes parent_span_id = 4; string name = 5; repeated KeyValue attributes = 9; Status status = 15; }
message Status { string message = 2; int32 code = 3; }
message KeyValue { string key = 1; AnyValue value = 2; }
message AnyValue { oneof value { string s = 1; bool b = 2; int64 i = 3; double d = 4; ArrayValue a = 5; } }
message ArrayValue { repeated AnyValue values = 1; }`;

/** A span as a collector gets it; ids in hexadecimal, the parent's empty for a root. */
export interface SentSpan {
  readonly trace: string;
  readonly id: string;
  readonly parent: string;
  readonly name: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** A collector on loopback that takes OTLP over HTTP and keeps it. */
export interface Collector {
  readonly url: string;
  readonly spans: SentSpan[];
  /** The requests, path and body. */
  readonly requests: { readonly path: string; readonly body: Buffer }[];
  close(): void;
}

/** Starts a collector. */
export async function startCollector(): Promise<Collector> {
  const type = protobuf.parse(SCHEMA).root.lookupType('Request');
  const spans: SentSpan[] = [];
  const requests: { path: string; body: Buffer }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      requests.push({ path: request.url ?? '', body });
      if (request.url === '/v1/traces') spans.push(...spansOf(type.toObject(type.decode(body), { longs: Number })));
      response.end();
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${port}`, spans, requests, close };
}

interface Value {
  readonly [kind: string]: unknown;
  readonly a?: { readonly values?: Value[] };
}
interface Sent {
  readonly traceId: Buffer;
  readonly spanId: Buffer;
  readonly parentSpanId?: Buffer;
  readonly name: string;
  readonly attributes?: { readonly key: string; readonly value: Value }[];
}

function spansOf(request: { readonly [key: string]: unknown }): SentSpan[] {
  const resources = (request['resourceSpans'] ?? []) as { scopeSpans: { spans: Sent[] }[] }[];
  const sent = resources.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
  return sent.map(({ traceId, spanId, parentSpanId, name, attributes = [] }) => ({
    trace: traceId.toString('hex'),
    id: spanId.toString('hex'),
    parent: parentSpanId?.toString('hex') ?? '',
    name,
    attributes: Object.fromEntries(attributes.map(({ key, value }) => [key, plain(value)])),
  }));
}

const plain = (value: Value): unknown => (value.a ? (value.a.values ?? []).map(plain) : Object.values(value)[0]);
