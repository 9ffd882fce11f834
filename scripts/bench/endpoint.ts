import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChatMessage } from '../../domain/schemas/call.ts';
import { answerTo, badPlan, isPlanRequest, scoresFor, type AnswerSettings } from './answers.ts';

/** What goes wrong, and when; all of it is the same each time. */
export interface Faults {
  /** Every twentieth question is answered with a 500 first, and every twentieth with a 429. */
  readonly errors?: boolean;
  /** Requests a minute, as a bucket that refills by the second; the rest is refused with a 429. */
  readonly requestsPerMinute?: number;
  /** Milliseconds after the first request in which everything is answered with a 500. */
  readonly outageMs?: number;
  /** Every fourth first plan is malformed. */
  readonly badPlans?: boolean;
}

export interface EndpointSettings extends AnswerSettings {
  /** Milliseconds until an answer. */
  readonly latencyMs: number;
  readonly faults: Faults;
}

/** What an endpoint has seen. */
export interface EndpointStats {
  readonly requests: number;
  readonly answered: number;
  /** Answered with a 429 or a 500. */
  readonly refused: number;
  readonly inFlight: number;
  readonly mostInFlight: number;
  /** Different questions that were accepted. */
  readonly questions: number;
  /** Times that a question was accepted again: a provider would bill them. */
  readonly paidAgain: number;
  /** Milliseconds since 1970 of the first request and of the last answer; 0 before them. */
  readonly firstAt: number;
  readonly lastAt: number;
}

export interface Endpoint {
  readonly baseUrl: string;
  stats(): EndpointStats;
  close(): Promise<void>;
}

const RETRY_AFTER_SECONDS = 1;

/**
 * An OpenAI-compatible server on loopback, streaming, with a fixed latency, whose answers depend on the question alone. `GET /stats`
 * tells what it has seen.
 */
export async function startEndpoint(settings: EndpointSettings): Promise<Endpoint> {
  const state = new EndpointState(settings);
  const server = createServer((request, response) => {
    handle(state, request, response).catch(() => response.destroy());
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    stats: () => state.stats(),
    close: () =>
      new Promise((done) => {
        server.closeAllConnections();
        server.close(() => done());
      }),
  };
}

interface Question {
  readonly model: string;
  readonly messages: ChatMessage[];
  readonly seed?: number;
  /** Only a judge is held to a schema here. */
  readonly response_format?: object;
}

class EndpointState {
  readonly settings: EndpointSettings;
  readonly #seen = new Map<string, number>();
  readonly #accepted = new Map<string, number>();
  readonly #tasks = new Map<string, number>();
  #requests = 0;
  #answered = 0;
  #refused = 0;
  #inFlight = 0;
  #mostInFlight = 0;
  #startedAt: number | undefined;
  #lastAt = 0;
  #tokens: { left: number; at: number } | undefined;

  constructor(settings: EndpointSettings) {
    this.settings = settings;
  }

  begin(): void {
    this.#startedAt ??= Date.now();
    this.#requests++;
    this.#mostInFlight = Math.max(this.#mostInFlight, ++this.#inFlight);
  }

  end(answered: boolean): void {
    this.#inFlight--;
    if (!answered) return;
    this.#answered++;
    this.#lastAt = Date.now();
  }

  /** The status with which a request is refused, or undefined where it is accepted. */
  refusal(id: string): 429 | 500 | undefined {
    const { faults } = this.settings;
    const times = (this.#seen.get(id) ?? 0) + 1;
    this.#seen.set(id, times);
    const status =
      this.#outage() ?? this.#overLimit() ?? (faults.errors && times === 1 ? this.#chosenError() : undefined);
    if (status) this.#refused++;
    else this.#accepted.set(id, (this.#accepted.get(id) ?? 0) + 1);
    return status;
  }

  /** Which plan goes wrong: every fourth task's first one. */
  badPlanOf(messages: readonly ChatMessage[]) {
    if (!this.settings.faults.badPlans || !isPlanRequest(messages)) return undefined;
    const [task = ''] = messages[0]!.content.split('\n\nYour earlier attempt');
    const known = this.#tasks.get(task);
    const index = known ?? this.#tasks.size;
    if (known !== undefined) return undefined;
    this.#tasks.set(task, index);
    return index % 4 === 0 ? badPlan(index / 4) : undefined;
  }

  stats(): EndpointStats {
    const accepted = [...this.#accepted.values()];
    return {
      requests: this.#requests,
      answered: this.#answered,
      refused: this.#refused,
      inFlight: this.#inFlight,
      mostInFlight: this.#mostInFlight,
      questions: accepted.length,
      paidAgain: accepted.reduce((sum, times) => sum + times - 1, 0),
      firstAt: this.#startedAt ?? 0,
      lastAt: this.#lastAt,
    };
  }

  #outage(): 500 | undefined {
    const { outageMs = 0 } = this.settings.faults;
    return Date.now() - this.#startedAt! < outageMs ? 500 : undefined;
  }

  #overLimit(): 429 | undefined {
    const { requestsPerMinute } = this.settings.faults;
    if (requestsPerMinute === undefined) return undefined;
    const perSecond = requestsPerMinute / 60;
    const now = Date.now();
    const { left, at } = this.#tokens ?? { left: perSecond, at: now };
    const filled = Math.min(perSecond, left + ((now - at) / 1000) * perSecond);
    this.#tokens = { left: filled >= 1 ? filled - 1 : filled, at: now };
    return filled >= 1 ? undefined : 429;
  }

  #chosenError(): 429 | 500 | undefined {
    const place = this.#seen.size % 20;
    return place === 5 ? 500 : place === 15 ? 429 : undefined;
  }
}

async function handle(state: EndpointState, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.url === '/stats') {
    response.end(JSON.stringify(state.stats()));
    return;
  }
  let body = '';
  for await (const chunk of request) body += (chunk as Buffer).toString();
  const question = JSON.parse(body) as Question;
  state.begin();
  let answered = false;
  try {
    const status = state.refusal(createHash('sha1').update(body).digest('hex'));
    if (status) {
      response.writeHead(status, {
        'content-type': 'application/json',
        ...(status === 429 ? { 'retry-after': String(RETRY_AFTER_SECONDS) } : {}),
      });
      response.end(JSON.stringify({ error: { message: status === 429 ? 'too many requests' : 'try again' } }));
      return;
    }
    if (state.settings.latencyMs > 0) await sleep(state.settings.latencyMs);
    if (request.destroyed && !response.writable) return;
    const { messages, seed = 0, response_format: schema } = question;
    const { text, finishReason } = schema
      ? scoresFor(messages, seed)
      : answerTo(messages, seed, state.settings, state.badPlanOf(messages));
    const promptTokens = Math.ceil(messages.reduce((sum, { content }) => sum + content.length, 0) / 4);
    const usage = {
      prompt_tokens: promptTokens,
      completion_tokens: Math.ceil(text.length / 4),
      prompt_tokens_details: { cached_tokens: 0 },
    };
    sendStream(response, question.model, text, finishReason, usage);
    answered = true;
  } finally {
    state.end(answered);
  }
}

function sendStream(
  response: ServerResponse,
  model: string,
  content: string,
  finishReason: string,
  usage: object,
): void {
  const chunk = (choices: readonly object[], more: object = {}) =>
    `data: ${JSON.stringify({ id: 'bench', object: 'chat.completion.chunk', created: 0, model, choices, ...more })}\n\n`;
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.end(
    chunk([{ index: 0, delta: { role: 'assistant', content }, finish_reason: null }]) +
      chunk([{ index: 0, delta: {}, finish_reason: finishReason }]) +
      chunk([], { usage }) +
      'data: [DONE]\n\n',
  );
}

// As a process of its own, so that its share of the processor is measured apart: the settings are its only argument.
if (process.argv[1]?.endsWith('endpoint.ts')) {
  const endpoint = await startEndpoint(JSON.parse(process.argv[2] ?? '{}') as EndpointSettings);
  console.log(endpoint.baseUrl);
  // It ends with who started it.
  process.stdin.resume().once('end', () => process.exit(0));
}
