import { createServer, request as send, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * What may happen to a request between a client and its server. `cut-before`: the server never sees it; `cut-request`: it
 * sees the beginning; `cut-after`: it has answered, and the answer is lost; `cut-answer`: the answer breaks off;
 * `cut-503`: so does that of a server out of service; `short`: half an answer looks whole; `flipped`: one bit is wrong.
 */
export type Fault = '503' | 'cut-503' | 'cut-before' | 'cut-request' | 'cut-after' | 'cut-answer' | 'short' | 'flipped';

/** A proxy before a server of HTTP. */
export interface FaultyProxy {
  readonly url: string;
  /** Requests so far. */
  readonly requests: number;
  /** How often each fault happened. */
  readonly happened: ReadonlyMap<Fault, number>;
  /** What happens to each request from now on, by its line, such as `GET /storage/v1/b`. */
  schedule(next: (line: string) => Fault | undefined): void;
  close(): void;
}

/** Starts a proxy that passes all on until it is given a schedule. */
export async function startFaultyProxy(target: string): Promise<FaultyProxy> {
  const happened = new Map<Fault, number>();
  let requests = 0;
  let next: (line: string) => Fault | undefined = () => undefined;
  const server = createServer((request, response) => {
    requests += 1;
    const fault = next(`${request.method} ${request.url}`);
    if (fault) happened.set(fault, (happened.get(fault) ?? 0) + 1);
    if (fault === 'cut-before') request.socket.destroy();
    else if (fault === '503') response.writeHead(503).end('out of service');
    else if (fault === 'cut-503') breakOff(response.writeHead(503, { 'content-length': '100' }), 'out of');
    else forward(target, request, response, fault);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get requests() {
      return requests;
    },
    happened,
    schedule(given) {
      next = given;
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function forward(target: string, request: IncomingMessage, response: ServerResponse, fault: Fault | undefined): void {
  const { method, headers } = request;
  const onward = send(new URL(request.url ?? '/', target), { method, headers });
  onward.on('error', () => request.socket.destroy());
  onward.on('response', (answer) => void answerWith(fault, target, answer, request, response));
  if (fault !== 'cut-request') {
    request.pipe(onward);
    return;
  }
  // A request without a body is cut once it is sent.
  request.once('end', () => onward.end());
  request.once('data', (chunk: Buffer) => {
    onward.write(chunk.subarray(0, chunk.byteLength / 2), () => {
      onward.destroy();
      request.socket.destroy();
    });
  });
}

async function answerWith(
  fault: Fault | undefined,
  target: string,
  answer: IncomingMessage,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { location } = answer.headers;
  // The address of an upload in parts, which must not lead past the proxy.
  const headers = { ...answer.headers, ...(location ? { location: toProxy(location, target, request) } : {}) };
  const status = answer.statusCode ?? 500;
  if (fault === undefined) {
    answer.pipe(response.writeHead(status, headers));
    return;
  }
  const whole = Buffer.concat(await answer.toArray());
  const half = whole.subarray(0, Math.floor(whole.byteLength / 2));
  if (fault === 'cut-answer') breakOff(response.writeHead(status, headers), half);
  else if (fault === 'short') response.writeHead(status, { ...headers, 'content-length': half.byteLength }).end(half);
  else if (fault === 'flipped') {
    whole[half.byteLength]! ^= 1;
    response.writeHead(status, headers).end(whole);
  } else request.socket.destroy();
}

function toProxy(location: string, target: string, request: IncomingMessage): string {
  return location.replace(target, `http://${request.headers.host}`);
}

function breakOff(response: ServerResponse, beginning: string | Buffer): void {
  response.flushHeaders();
  response.write(beginning, () => response.socket?.destroy());
}
