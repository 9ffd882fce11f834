import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { checkEndpoint } from '../../activities/check-endpoint.ts';
import { openaiClient } from '../../activities/io/model/openai.ts';
import type { EndpointAsk } from '../../domain/doctor.ts';
import { endpointFinding } from '../../domain/endpoint-finding.ts';

const KEY = 'a-key-that-nobody-may-see';

let server: Server | undefined;
afterEach(() => server?.close());

/** What a small OpenAI-compatible endpoint answers to each chat: a text, or a status with a message. */
type Behaviour = (body: {
  response_format?: unknown;
  max_tokens: number;
}) => string | { status: number; message: string };

async function endpoint(behave: Behaviour, models?: object): Promise<string> {
  server = createServer((request, response) => {
    void read(request).then((body) => {
      if (request.url === '/v1/models') return response.writeHead(models ? 200 : 404).end(JSON.stringify(models ?? {}));
      const said = behave(JSON.parse(body));
      if (typeof said !== 'string')
        return response
          .writeHead(said.status, { 'content-type': 'application/json' })
          .end(JSON.stringify({ error: { message: said.message } }));
      const chunk = { choices: [{ index: 0, delta: { content: said }, finish_reason: 'stop' }] };
      const usage = { prompt_tokens: 9, completion_tokens: 2 };
      return response
        .writeHead(200, { 'content-type': 'text/event-stream' })
        .end(`data: ${JSON.stringify(chunk)}\n\ndata: ${JSON.stringify({ choices: [], usage })}\n\ndata: [DONE]\n\n`);
    });
  });
  await new Promise<void>((done) => server!.listen(0, '127.0.0.1', done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
}

async function read(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const part of request) body += String(part);
  return body;
}

const secret = (name: string): string | undefined => (name === 'MY_KEY' ? KEY : undefined);
const node = { home: '', code: '', processes: '', embeddedModelUrl: undefined, commandValues: {}, secret };

async function check(baseUrl: string, more: Partial<EndpointAsk> = {}, schema = false, mostTokens = 100) {
  const ask: EndpointAsk = {
    name: 'writer',
    baseUrl,
    model: 'm',
    timeoutSeconds: 5,
    calls: true,
    dialect: {
      maxTokensField: 'max_tokens',
      temperature: 'send',
      seed: 'send',
      streamUsage: true,
      stripThinking: false,
    },
    ...more,
  };
  const look = await checkEndpoint({ node, model: openaiClient() }, ask, new AbortController().signal);
  expect(JSON.stringify(look)).not.toContain(KEY);
  return { look, finding: endpointFinding({ ask, queue: 'q', schema, mostTokens }, look) };
}

/** Answers by a schema where one is asked for. */
const good: Behaviour = ({ response_format }) => (response_format ? '{"colour": "red"}' : 'Hello.');

describe('an endpoint', () => {
  test('that answers and keeps a schema is told with its window and what the check cost', async () => {
    const asked: number[] = [];
    const url = await endpoint((body) => (asked.push(body.max_tokens), good(body)), {
      data: [{ id: 'm', max_model_len: 32768 }],
    });
    const { look, finding } = await check(url, { apiKeyEnv: 'MY_KEY' }, true);
    expect(look).toMatchObject({ schema: 'kept', windowTokens: 32768, tokens: 22 });
    expect(finding.state).toBe('ok');
    expect(finding.found).toMatch(
      /^m: answers in \d\.\d s \(22 tokens paid\), keeps a JSON schema, listed, window 32,768 tokens$/,
    );
    expect(asked).toEqual([16, 64]);
  });

  test('is not called where calls are off, and its list alone is read', async () => {
    const url = await endpoint(() => expect.unreachable(), { data: [{ id: 'other' }] });
    const { finding } = await check(url, { calls: false }, true);
    expect(finding).toMatchObject({ state: 'warn', mend: 'it lists other; is the name right?' });
  });

  test('that ignores or refuses a schema fails where the run asks for one, and only there', async () => {
    const ignoring = await endpoint(() => 'Blue, like the sea.');
    expect((await check(ignoring, {}, false)).finding.state).toBe('ok');
    const { look, finding } = await check(ignoring, {}, true);
    expect([look.schema, finding.state]).toEqual(['ignored', 'fail']);
    server!.close();
    const refusing = await endpoint(({ response_format }) =>
      response_format ? { status: 400, message: 'response_format is not supported' } : 'Hello.',
    );
    expect((await check(refusing, {}, true)).finding).toMatchObject({
      state: 'fail',
      found: expect.stringContaining('refuses a JSON schema'),
    });
    expect((await check(refusing, {}, false)).finding.state).toBe('ok');
  });

  test('that fails once is asked once more, and told where it fails again', async () => {
    let failures = 1;
    const shaky = await endpoint((body) => (failures-- > 0 ? { status: 502, message: 'no upstream' } : good(body)));
    expect((await check(shaky, {}, true)).finding.state).toBe('ok');
    failures = 2;
    expect((await check(shaky, {}, true)).finding).toMatchObject({
      state: 'fail',
      found: expect.stringContaining('no upstream'),
    });
  });

  test('of which it stayed open whether it keeps one is told so, and not to change the configuration', async () => {
    const busy = await endpoint(({ response_format }) =>
      response_format ? { status: 429, message: 'slow down' } : 'Hello.',
    );
    expect((await check(busy, {}, true)).finding).toMatchObject({
      state: 'warn',
      found: expect.stringMatching(/JSON schema not tried \(.*slow down.*\)/),
      mend: expect.stringMatching(/ask again$/),
    });
  });

  test('whose window is smaller than an answer may be is warned of', async () => {
    const url = await endpoint(good, { data: [{ id: 'm', meta: { n_ctx: 4096 } }] });
    const { finding } = await check(url, {}, false, 32768);
    expect(finding).toMatchObject({ state: 'warn', found: expect.stringContaining('answers may have 32,768 tokens') });
  });

  test('that thinks aloud is read without its thoughts', async () => {
    const url = await endpoint(
      ({ response_format }) => `<think>Hm.</think>${response_format ? '{"colour": "red"}' : 'Hello.'}`,
    );
    const dialect = { maxTokensField: 'max_tokens', temperature: 'send', seed: 'send', streamUsage: true } as const;
    expect((await check(url, { dialect: { ...dialect, stripThinking: true } }, true)).look.schema).toBe('kept');
  });

  test.each([
    [401, 'Incorrect API key', 'fail', 'renew MY_KEY where the workers of q are started'],
    [402, 'no money', 'fail', 'raise the limit at its provider'],
    [404, 'no such model', 'fail', 'it knows no m; it lists x, y'],
    [400, 'max_tokens is not supported', 'fail', 'maxTokensField'],
    [429, 'slow down', 'warn', 'lower the limits'],
    [503, 'out of order', 'fail', 'is it up'],
  ] as const)('that answers %i is told with its words, and with what to do', async (status, message, state, mend) => {
    const url = await endpoint(() => ({ status, message: `${message} ${KEY}` }), {
      data: [{ id: 'x' }, { id: 'y' }],
    });
    const { finding } = await check(url, { apiKeyEnv: 'MY_KEY' });
    expect(finding.state).toBe(state);
    expect(finding.found).toContain(message);
    expect(finding.mend).toContain(mend);
  });

  test('that is down, or has no key on this worker, is told so', async () => {
    const down = await endpoint(good);
    await new Promise((done) => server!.close(done));
    expect((await check(down)).finding).toMatchObject({
      state: 'fail',
      found: expect.stringContaining('cannot be reached (ECONNREFUSED)'),
      mend: 'is it up, and does the worker of q reach it?',
    });
    expect((await check(down, { apiKeyEnv: 'NO_KEY' })).finding).toMatchObject({
      state: 'fail',
      found: 'the environment variable NO_KEY is not set on this worker',
      mend: expect.stringContaining('set it where the workers of q are started'),
    });
    const keyed = await endpoint(() => ({ status: 401, message: 'no key' }));
    expect((await check(keyed)).finding.mend).toBe('it wants a key: name its environment variable in apiKeyEnv');
    expect((await check('embedded')).finding.found).toContain('knows no embedded model server');
  });
});
