import { LRUCache } from 'lru-cache';
import OpenAI, { APIConnectionError, APIConnectionTimeoutError, APIError } from 'openai';
import type { ChatCompletionCreateParamsStreaming } from 'openai/resources/chat/completions';
import { mostTokens } from '../../../domain/cost.ts';
import type { Answer, CallRequest, Usage } from '../../../domain/schemas/call.ts';
import { ModelError, type Connection, type ModelClient, type ModelProblem } from './model.ts';
import { redact } from './redact.ts';

/** A client of any OpenAI-compatible endpoint, streaming, without retries of its own. */
export function openaiClient(): ModelClient {
  const clients = new LRUCache<string, OpenAI>({ max: 16 });
  const clientOf = ({ baseUrl, apiKey, timeoutMs }: Connection): OpenAI => {
    const key = JSON.stringify([baseUrl, apiKey, timeoutMs]);
    const client =
      clients.get(key) ??
      // The client insists on a key, also where an endpoint wants none.
      new OpenAI({ baseURL: baseUrl, apiKey: apiKey ?? 'none', maxRetries: 0, timeout: timeoutMs });
    clients.set(key, client);
    return client;
  };
  return { complete: (connection, ...call) => complete(clientOf(connection), connection, ...call) };
}

async function complete(
  client: OpenAI,
  connection: Connection,
  request: CallRequest,
  seed: number,
  signal: AbortSignal,
): Promise<Answer> {
  // A stream that stalls is not seen by the client's own time-out, which ends with the response's head.
  const deadline = abortAfter(connection.timeoutMs, signal);
  try {
    const stream = await client.chat.completions.create(body(connection, request, seed), {
      signal: deadline.signal,
    });
    let text = '';
    let finishReason: string | undefined;
    let usage: OpenAI.CompletionUsage | undefined;
    for await (const chunk of stream) {
      const choice = chunk.choices[0];
      text += choice?.delta.content ?? '';
      finishReason = choice?.finish_reason ?? finishReason;
      usage = chunk.usage ?? usage;
    }
    if (finishReason === undefined) {
      // An aborted stream ends quietly, like one that the server cut.
      throw new ModelError(
        deadline.passed() ? 'TimedOut' : 'ServerError',
        `${connection.baseUrl}: the answer ended half-way`,
      );
    }
    return {
      text,
      finishReason,
      usage: usage ? toldUsage(usage) : estimatedUsage(request, text),
    };
  } catch (error) {
    throw modelError(error, connection, request, deadline.passed());
  } finally {
    deadline.clear();
  }
}

/**
 * A signal that aborts with another one, or after a while, until it is cleared. AbortSignal.timeout and AbortSignal.any
 * would keep everything of a call alive until its time is over: at 200 calls a second, hundreds of megabytes.
 */
function abortAfter(ms: number, other: AbortSignal) {
  const controller = new AbortController();
  let passed = false;
  const follow = () => controller.abort(other.reason);
  const timer = setTimeout(() => {
    passed = true;
    controller.abort();
  }, ms);
  if (other.aborted) follow();
  other.addEventListener('abort', follow);
  return {
    signal: controller.signal,
    passed: () => passed,
    clear() {
      clearTimeout(timer);
      other.removeEventListener('abort', follow);
    },
  };
}

function toldUsage(usage: OpenAI.CompletionUsage): Usage {
  return {
    promptTokens: usage.prompt_tokens,
    cachedTokens: usage.prompt_tokens_details?.cached_tokens ?? 0,
    completionTokens: usage.completion_tokens,
  };
}

/** For an endpoint that tells no counts: a budget must not be passed because somebody did not count. */
function estimatedUsage({ messages }: CallRequest, text: string): Usage {
  const promptTokens = messages.reduce((sum, { content }) => sum + mostTokens(content), 0);
  return { promptTokens, cachedTokens: 0, completionTokens: mostTokens(text), estimated: true };
}

function body({ dialect, model }: Connection, request: CallRequest, seed: number): ChatCompletionCreateParamsStreaming {
  const { temperature, topP, maxTokens, extra, schema } = request.parameters;
  return {
    ...extra,
    model,
    messages: request.messages,
    stream: true,
    [dialect.maxTokensField]: maxTokens,
    ...(dialect.temperature === 'send' ? { temperature } : {}),
    ...(topP === undefined ? {} : { top_p: topP }),
    ...(dialect.seed === 'send' ? { seed } : {}),
    ...(dialect.streamUsage ? { stream_options: { include_usage: true } } : {}),
    ...(schema === undefined
      ? {}
      : {
          response_format: {
            type: 'json_schema' as const,
            json_schema: { name: 'answer', strict: true, schema: schema as Record<string, unknown> },
          },
        }),
  };
}

function modelError(error: unknown, connection: Connection, request: CallRequest, timedOut: boolean): unknown {
  if (error instanceof ModelError) return error;
  const where = connection.baseUrl;
  if (timedOut || error instanceof APIConnectionTimeoutError) {
    return new ModelError('TimedOut', `${where}: no answer within ${connection.timeoutMs / 1000} s`);
  }
  if (error instanceof APIConnectionError) {
    const cause = (error.cause as { cause?: { code?: string }; code?: string } | undefined) ?? {};
    const code = cause.code ?? cause.cause?.code ?? 'connection error';
    const problem = NO_SUCH_PLACE.test(code) ? 'Gone' : 'Unreachable';
    return new ModelError(problem, `${where}: cannot be reached (${code})`);
  }
  // Inside a stream the client throws an APIError without a status, or undici's own error of a broken connection.
  if (!(error instanceof APIError)) {
    return error instanceof Error && error.name !== 'AbortError'
      ? new ModelError('ServerError', `${where}: the connection broke`)
      : error;
  }
  const problem = problemOf(error);
  const requestId = error.requestID ? `, request ${error.requestID}` : '';
  const said = redact(
    error.message,
    connection.apiKey,
    request.messages.map(({ content }) => content),
  );
  const delays = problem === 'RateLimited' || problem === 'ServerError';
  return new ModelError(problem, `${where}: ${said}${requestId}`, delays ? retryAfterMs(error) : undefined);
}

/** What no second try mends: a host that has no address, a certificate that does not hold. */
const NO_SUCH_PLACE = /^(?:ENOTFOUND|CERT_|ERR_TLS_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/;

const QUOTA_CODES = ['insufficient_quota', 'billing_hard_limit_reached', 'billing_not_active'];

/** How OpenAI, vLLM and llama.cpp say that prompt and answer do not fit the model's window. */
const CONTEXT_EXCEEDED =
  /context_length_exceeded|exceed_context_size|maximum context length|exceeds? the (?:available )?context|context window/i;

function problemOf(error: APIError): ModelProblem {
  const { status } = error;
  if (status === undefined) return 'ServerError';
  if (status === 401 || status === 403) return 'Unauthorized';
  if (status === 402 || QUOTA_CODES.includes(error.code ?? '')) return 'QuotaSpent';
  if (status === 404) return 'NotFound';
  if (status === 410) return 'Gone';
  if ((status === 400 || status === 413) && CONTEXT_EXCEEDED.test(`${error.code} ${error.type} ${error.message}`))
    return 'ContextExceeded';
  if (status === 429) return 'RateLimited';
  if (status === 408 || status === 409 || status >= 500) return 'ServerError';
  return 'BadRequest';
}

function retryAfterMs(error: APIError): number | undefined {
  const precise = Number(error.headers?.get('retry-after-ms') ?? Number.NaN);
  if (precise >= 0) return precise;
  const value = error.headers?.get('retry-after');
  if (!value) return undefined;
  const seconds = Number(value);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}
