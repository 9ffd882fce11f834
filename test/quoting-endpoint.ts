import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An endpoint that first answers with errors that quote what it was sent, as providers do, and then passes on to another. */
export interface QuotingEndpoint {
  readonly baseUrl: string;
  /** Statuses of the errors that are still to come. */
  readonly errors: number[];
  /** Keys that requests held. */
  readonly keys: ReadonlySet<string>;
  /** What its address /hook was sent, with the signature. */
  readonly hooked: readonly { readonly body: string; readonly signature: string }[];
  close(): void;
}

/** Starts it before a server of the bench, whose base URL ends in /v1. */
export async function startQuotingEndpoint(target: string, errors: number[]): Promise<QuotingEndpoint> {
  const keys = new Set<string>();
  const hooked: { body: string; signature: string }[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const key = (request.headers.authorization ?? '').replace('Bearer ', '');
    keys.add(key);
    const body = await read(request);
    if (request.url === '/hook') {
      hooked.push({ body, signature: String(request.headers['x-longwriter-signature']) });
      response.end();
      return;
    }
    const status = errors.shift();
    if (status === undefined) {
      const passed = await fetch(new URL(request.url!, target), { method: 'POST', body });
      response.writeHead(passed.status, { 'content-type': passed.headers.get('content-type') ?? '' });
      response.end(Buffer.from(await passed.arrayBuffer()));
      return;
    }
    const { messages } = JSON.parse(body) as { messages: { content: string }[] };
    const said = messages.map(({ content }) => content).join(' / ');
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify({
        error: {
          message: `Incorrect API key provided: ${key}. Asked: ${said.slice(Math.max(0, said.indexOf('Write a long text')))}`,
        },
      }),
    );
  };
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    errors,
    keys,
    hooked,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function read(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  return body;
}
