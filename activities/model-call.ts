import { Context } from '@temporalio/activity';
import { FAILURES } from '../domain/failures.ts';
import { fingerprint } from '../domain/fingerprint.ts';
import type { EndpointName } from '../domain/names.ts';
import type { Answer, CallRequest } from '../domain/schemas/call.ts';
import type { KnownCall } from './calls.ts';
import type { ActivityDeps } from './deps.ts';
import { evaluatedEndpoint } from './evaluated-endpoint.ts';
import { failure } from './failures.ts';
import { whileBeating } from './heartbeat.ts';
import { ModelError, type Connection } from './io/model/model.ts';
import { enterPaid } from './io/store/ledger.ts';
import type { Turn } from './pacer.ts';
import type { RunReference } from './run-files.ts';
import { connect } from './connect.ts';

/**
 * The one way to a model: look up the stored call, else wait at the run's gate, keep the endpoint's pace, ask, and store
 * the answer. Runs twice, pays once: the stored bytes are what is returned, also to the loser of a race.
 *
 * Fails with the Model.* failures; one that pauses has closed the run's gate before it is thrown.
 *
 * @param priority among the calls that wait in this worker for their turn, the highest goes first
 */
export async function modelCall(
  deps: ActivityDeps,
  run: RunReference,
  endpoint: EndpointName,
  request: CallRequest,
  priority = 0,
): Promise<KnownCall & { readonly fresh: boolean }> {
  const id = fingerprint(request);
  const stored = await deps.calls.find(id);
  if (stored) {
    // Its first attempt may have ended between the call and the ledger.
    if (stored.run === run.run) await enterPaid(deps.store, stored);
    // What an earlier attempt of this very step asked was asked just now, too.
    return { ...stored, fresh: Context.current().info.attempt > 1 };
  }
  return whileBeating(async (signal) => {
    const answer = await ask(deps, run, endpoint, { request, id, priority }, signal);
    return { ...(await deps.calls.keep({ fingerprint: id, run: run.run, request, answer })), fresh: true };
  });
}

async function ask(
  deps: ActivityDeps,
  run: RunReference,
  endpoint: EndpointName,
  { request, id, priority }: { request: CallRequest; id: string; priority: number },
  signal: AbortSignal,
): Promise<Answer> {
  for (;;) {
    await deps.gate.waitUntilOpen(run.run, signal);
    try {
      const { connection, pacer } = await connect(deps, run, endpoint, request.model);
      const answer = await pacer.run(
        async (turn) => {
          // The run may have been paused while this call waited for its turn.
          if (!(await deps.gate.isOpen(run.run))) return undefined;
          return complete(deps, endpoint, connection, { request, id, turn, signal });
        },
        { signal, priority },
      );
      if (answer) return answer;
    } catch (error) {
      throw await pauseIfNeeded(deps, run, { endpoint, model: request.model }, error);
    }
  }
}

/** Asks once, and tells what came of it to who keeps the pace and to who notices that an endpoint is gone. */
async function complete(
  deps: ActivityDeps,
  endpoint: EndpointName,
  connection: Connection,
  { request, id, turn, signal }: { request: CallRequest; id: string; turn: Turn; signal: AbortSignal },
): Promise<Answer> {
  const place = `${endpoint} ${connection.baseUrl}`;
  try {
    const answer = await deps.model.complete(connection, request, seedOf(id), signal);
    turn.spent(answer.usage.promptTokens + answer.usage.completionTokens);
    deps.outages.answered(place);
    return answer;
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    if (error.problem === 'RateLimited') turn.limited(error.retryAfterMs);
    if (error.problem !== 'Unreachable') deps.outages.answered(place);
    else if (deps.outages.failed(place) > connection.goneAfterMs) {
      // After a resume it has its time again.
      deps.outages.answered(place);
      const seconds = Math.round(connection.goneAfterMs / 1000);
      throw new ModelError('Gone', `${error.message}, for more than ${seconds} s`);
    }
    throw error;
  }
}

async function pauseIfNeeded(
  deps: ActivityDeps,
  run: RunReference,
  { endpoint, model }: { readonly endpoint: EndpointName; readonly model: string },
  error: unknown,
): Promise<unknown> {
  if (!(error instanceof ModelError)) return error;
  const type = `Model.${error.problem}` as const;
  if (FAILURES[type] !== 'pause') return error;
  const isEvaluated = endpoint === 'served' && evaluatedEndpoint(await deps.files.config(run), model) !== undefined;
  const message = `endpoint ${isEvaluated ? model : endpoint}: ${error.message}`;
  await deps.gate.pause(run.run, { type, message });
  return failure(type, message);
}

/** A seed for endpoints that take one: the same question, draw and series give the same seed. */
function seedOf(id: string): number {
  return Number.parseInt(id.slice(0, 8), 16) >>> 1;
}
