import { CHECK_SECONDS, type EndpointAsk, type EndpointLook } from '../domain/doctor.ts';
import type { Answer, CallRequest } from '../domain/schemas/call.ts';
import { stripThinking } from '../domain/response.ts';
import { configuredPlace } from './connect.ts';
import type { ActivityDeps } from './deps.ts';
import { listModels } from './io/model/list-models.ts';
import { ModelError, type Connection, type ModelClient } from './io/model/model.ts';

const COLOURS = ['red', 'green', 'blue'];
const SCHEMA = {
  type: 'object',
  properties: { colour: { type: 'string', enum: COLOURS } },
  required: ['colour'],
  additionalProperties: false,
};

/**
 * Asks an endpoint, as this worker reaches it, for its models and for two answers of a few tokens, one of them by a JSON
 * schema. These calls are in no ledger, and the pacer does not hold them. What the endpoint refuses is part of the answer.
 */
export async function checkEndpoint(
  deps: Pick<ActivityDeps, 'node' | 'model'>,
  ask: EndpointAsk,
  signal: AbortSignal,
): Promise<EndpointLook> {
  const nothing = { name: ask.name, tokens: 0, schema: 'not-asked' } as const;
  try {
    const connection: Connection = {
      ...configuredPlace(deps, ask),
      dialect: ask.dialect,
      timeoutMs: Math.min(ask.timeoutSeconds, CHECK_SECONDS) * 1000,
      goneAfterMs: 0,
    };
    const listed = await lookAtModels(connection, signal);
    return { ...nothing, ...listed, ...(ask.calls ? await askTwice(deps.model, connection, signal) : {}) };
  } catch (error) {
    if (error instanceof ModelError) return { ...nothing, problem: problemOf(error) };
    throw error;
  }
}

const problemOf = ({ problem, message }: ModelError) => ({ kind: problem, message });

async function lookAtModels(
  connection: Connection,
  signal: AbortSignal,
): Promise<Pick<EndpointLook, 'models' | 'windowTokens'>> {
  const listed = await listModels(connection, signal);
  if (!listed || listed.length === 0) return {};
  const ours = listed.find(({ id }) => id === connection.model);
  const first = listed.slice(0, 3).map(({ id }) => id.slice(0, 80));
  return {
    models: { count: listed.length, first, hasOurs: ours !== undefined },
    ...(ours?.windowTokens === undefined ? {} : { windowTokens: ours.windowTokens }),
  };
}

/** One answer as it comes, and one by a schema, which an endpoint may know nothing of. */
async function askTwice(
  model: ModelClient,
  connection: Connection,
  signal: AbortSignal,
): Promise<Omit<EndpointLook, 'name'>> {
  const startedAt = performance.now();
  let first: Answer;
  try {
    first = await answerOf(model, connection, request('Say hello.', 16), signal);
  } catch (error) {
    if (error instanceof ModelError) return { problem: problemOf(error), tokens: 0, schema: 'not-asked' };
    throw error;
  }
  const seconds = (performance.now() - startedAt) / 1000;
  const bySchema = await askBySchema(model, connection, signal);
  return { seconds, ...bySchema, tokens: bySchema.tokens + tokensOf(first) };
}

/** An answer, asked for once more where the connection broke: so a run would, and that an endpoint is shaky is no finding. */
async function answerOf(
  model: ModelClient,
  connection: Connection,
  asked: CallRequest,
  signal: AbortSignal,
): Promise<Answer> {
  try {
    return await model.complete(connection, asked, 1, signal);
  } catch (error) {
    const broke = error instanceof ModelError && (error.problem === 'Unreachable' || error.problem === 'ServerError');
    if (!broke) throw error;
    return model.complete(connection, asked, 1, signal);
  }
}

async function askBySchema(
  model: ModelClient,
  connection: Connection,
  signal: AbortSignal,
): Promise<Pick<EndpointLook, 'schema' | 'schemaProblem' | 'tokens'>> {
  try {
    const answer = await answerOf(model, connection, request('Name a colour.', 64, SCHEMA), signal);
    const text = connection.dialect.stripThinking ? stripThinking(answer.text) : answer.text;
    const schema = keepsSchema(text) ? 'kept' : answer.finishReason === 'length' ? 'cut' : 'ignored';
    return { schema, tokens: tokensOf(answer) };
  } catch (error) {
    // An endpoint that answered a moment ago, and now says that the request is bad, has no schemas.
    if (!(error instanceof ModelError)) throw error;
    if (error.problem === 'BadRequest') return { schema: 'refused', tokens: 0 };
    return { schema: 'not-asked', schemaProblem: error.message, tokens: 0 };
  }
}

function keepsSchema(text: string): boolean {
  try {
    const { colour } = JSON.parse(text) as { colour?: unknown };
    return COLOURS.includes(colour as string);
  } catch {
    return false;
  }
}

const tokensOf = ({ usage }: Answer): number => usage.promptTokens + usage.completionTokens;

const request = (content: string, maxTokens: number, schema?: unknown): CallRequest => ({
  model: 'doctor',
  messages: [{ role: 'user', content }],
  parameters: { temperature: 0, maxTokens, extra: {}, ...(schema === undefined ? {} : { schema }) },
  draw: 0,
});
