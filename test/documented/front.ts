import { readFile } from 'node:fs/promises';
import { createServer, request as send, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { Endpoint } from '../../scripts/bench/endpoint.ts';

/** An instruction whose sections the endpoint writes far too short. */
export const TOO_SHORT = 'Write 300 words about a very quiet village.';

/** A server before an endpoint. */
export interface Front {
  readonly url: string;
  readonly hold: () => void;
  readonly release: () => void;
  readonly close: () => void;
}

/** Before the endpoint: holds its answers back, writes some sections too short, answers the doctor by its schema, and serves files. */
export async function startFront(endpoint: Endpoint, file: (name: string) => string): Promise<Front> {
  let held: Promise<void> = Promise.resolve();
  let release = (): void => undefined;
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'GET') return void response.end(await readFile(file(basename(request.url ?? ''))));
    const body = await buffer(request);
    await held;
    const asked = (JSON.parse(body.toString()) as { messages: { content: string }[] }).messages;
    // The doctor asks for one by a schema, which the endpoint knows nothing of.
    if (asked[0]!.content === 'Name a colour.') return sendText(response, '{"colour":"red"}');
    const isPlan = asked[0]!.content.startsWith('You are planning');
    if (!isPlan && asked.some(({ content }) => content.includes(TOO_SHORT)))
      return sendText(response, 'It is quiet there.');
    const target = `${new URL(endpoint.baseUrl).origin}${request.url}`;
    const onward = send(target, { method: 'POST', headers: request.headers }, (reply) =>
      reply.pipe(response.writeHead(reply.statusCode ?? 500, reply.headers)),
    );
    onward.once('error', () => response.destroy());
    onward.end(body);
  }
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    hold: () => {
      held = new Promise((done) => (release = done));
    },
    release: () => release(),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

function sendText(response: ServerResponse, content: string): void {
  const choices = [{ index: 0, delta: { content }, finish_reason: 'stop' }];
  const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.end(`data: ${JSON.stringify({ id: 'c', choices, usage })}\n\ndata: [DONE]\n\n`);
}
