import { SpanKind, type Attributes } from '@opentelemetry/api';
import { log } from '@temporalio/activity';
import { callCost, isWeights, priceOf } from '../domain/cost.ts';
import type { EndpointName } from '../domain/names.ts';
import type { Answer, CallRequest } from '../domain/schemas/call.ts';
import type { ActivityDeps } from './deps.ts';
import type { Connection } from './io/model/model.ts';
import type { RunReference } from './run-files.ts';
import { failureTypeOf, inSpan } from './spans.ts';

/** A call as telemetry knows it: what it asks for, never what it says. */
export interface ObservedCall {
  readonly run: RunReference;
  readonly endpoint: EndpointName;
  readonly request: CallRequest;
}

/** Asks a model once: in a span, timed, and counted by what came of it. */
export async function observedCall(
  deps: ActivityDeps,
  call: ObservedCall,
  { connection, signal }: { readonly connection: Connection; readonly signal: AbortSignal },
  ask: () => Promise<Answer>,
): Promise<Answer> {
  const { metrics } = deps;
  const labels = { endpoint: call.endpoint, model: call.request.model };
  const landed = metrics.begin('longwriter_model_calls_in_flight', { endpoint: call.endpoint });
  const startedAt = performance.now();
  const count = (outcome: string) => {
    metrics.add('longwriter_model_calls_total', 1, { ...labels, outcome });
    const seconds = (performance.now() - startedAt) / 1000;
    metrics.observe('longwriter_model_call_duration_seconds', seconds, { ...labels, outcome });
  };
  try {
    const answer = await inSpan(spanName(call), spanOptions(call, addressOf(connection)), async (span) => {
      const given = await ask();
      span.setAttributes(answerAttributes(given));
      return given;
    });
    count('ok');
    return answer;
  } catch (error) {
    count(signal.aborted ? 'cancelled' : failureTypeOf(error));
    throw error;
  } finally {
    landed();
  }
}

/** Tells of a call that the store answered. */
export async function observeStored(deps: ActivityDeps, call: ObservedCall, answer: Answer): Promise<void> {
  const { endpoint, request } = call;
  deps.metrics.add('longwriter_model_calls_total', 1, { endpoint, model: request.model, outcome: 'stored' });
  await inSpan(spanName(call), spanOptions(call, { 'longwriter.stored': true }), async (span) => {
    span.setAttributes(answerAttributes(answer));
  });
}

/** Counts the tokens and dollars of an answer. Fails never: the answer is paid for, and what cannot be counted is logged. */
export async function countAnswer(deps: ActivityDeps, call: ObservedCall, answer: Answer): Promise<void> {
  try {
    await countTokens(deps, call, answer);
  } catch (error) {
    log.warn('tokens of a model call not counted', { run: call.run.run, endpoint: call.endpoint, error });
  }
}

async function countTokens({ files, metrics }: ActivityDeps, call: ObservedCall, { usage }: Answer): Promise<void> {
  const labels = { endpoint: call.endpoint, model: call.request.model };
  const tokens = { prompt: usage.promptTokens, cached: usage.cachedTokens, completion: usage.completionTokens };
  for (const [kind, count] of Object.entries(tokens))
    metrics.add('longwriter_model_tokens_total', count, { ...labels, kind });
  const price = priceOf(await files.config(call.run), call.request.model);
  if (price) metrics.observe('longwriter_model_call_cost_dollars', callCost(usage, price).dollars, labels);
}

const spanName = ({ request }: ObservedCall): string => `chat ${request.model}`;

/** Names are those of OpenTelemetry's conventions for generative AI where they have one. */
function spanOptions(
  { run, endpoint, request }: ObservedCall,
  more: Attributes,
): {
  readonly kind: SpanKind;
  readonly attributes: Attributes;
} {
  const { model, parameters, draw } = request;
  return {
    kind: SpanKind.CLIENT,
    attributes: {
      'gen_ai.operation.name': 'chat',
      ...(isWeights(model) ? {} : { 'gen_ai.provider.name': model.split('/')[0]! }),
      'gen_ai.request.model': model,
      'gen_ai.request.temperature': parameters.temperature,
      'gen_ai.request.max_tokens': parameters.maxTokens,
      ...(parameters.topP === undefined ? {} : { 'gen_ai.request.top_p': parameters.topP }),
      'longwriter.run': run.run,
      'longwriter.endpoint': endpoint,
      'longwriter.draw': draw,
      'longwriter.stored': false,
      ...more,
    },
  };
}

/** The host alone: a path or a user's part may hold a key. */
function addressOf({ baseUrl }: Connection): Attributes {
  return URL.canParse(baseUrl) ? { 'server.address': new URL(baseUrl).hostname } : {};
}

function answerAttributes({ finishReason, usage }: Answer): Attributes {
  return {
    'gen_ai.response.finish_reasons': [finishReason],
    'gen_ai.usage.input_tokens': usage.promptTokens,
    'gen_ai.usage.cache_read.input_tokens': usage.cachedTokens,
    'gen_ai.usage.output_tokens': usage.completionTokens,
  };
}
