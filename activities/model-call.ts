import { Context } from '@temporalio/activity';
import { FAILURES } from '../domain/failures.ts';
import { fingerprint } from '../domain/fingerprint.ts';
import { DEFAULT_PRIORITY, type EndpointName } from '../domain/names.ts';
import type { Answer, CallRequest } from '../domain/schemas/call.ts';
import type { AskedCall } from './calls.ts';
import type { ActivityDeps } from './deps.ts';
import { evaluatedEndpoint } from './evaluated-endpoint.ts';
import { whileNotDraining } from './draining.ts';
import { failure } from './failures.ts';
import { whileBeating } from './heartbeat.ts';
import { ModelError, type Connection } from './io/model/model.ts';
import { enterPaid } from './io/store/ledger.ts';
import { countAnswer, observedCall, observeStored } from './observed-call.ts';
import type { Turn } from './pacer.ts';
import { passGate } from './pass-gate.ts';
import type { RunReference } from './run-files.ts';
import { connect } from './connect.ts';

/**
 * The one way to a model: look up the stored call, else wait at the run's gate, keep the endpoint's pace, ask, and store
 * the answer. Runs twice, pays once: the stored bytes are what is returned, also to the loser of a race.
 *
 * Fails with the Model.* failures; one that pauses has closed the run's gate before it is thrown. With Run.Paused where the
 * run stays paused: Temporal keeps the step meanwhile, and this worker's place is free for other runs.
 *
 * A call that is under way when the worker is told to end goes on for the worker's grace; one that waits is left to others.
 *
 * @param priority among the calls of this run that wait in this worker for their turn, the highest goes first
 */
export async function modelCall(
  deps: ActivityDeps,
  run: RunReference,
  endpoint: EndpointName,
  request: CallRequest,
  priority = 0,
): Promise<AskedCall> {
  const id = fingerprint(request);
  const stored = await deps.calls.find(id);
  if (stored) {
    await observeStored(deps, { run, endpoint, request }, stored.answer);
    // Its first attempt may have ended between the call and the ledger.
    if (stored.run === run.run) await enterPaid(deps.store, stored);
    // What an earlier attempt of this very step asked was asked just now, too.
    return { ...stored, fresh: Context.current().info.attempt > 1, asked: false };
  }
  return whileBeating(async (signal) => {
    const question = { request, id, priority };
    const answer = await whileNotDraining({ signal, draining: deps.draining }, (waits) =>
      ask(deps, run, endpoint, question, { signal, waits }),
    );
    try {
      const kept = await deps.calls.keep({ fingerprint: id, run: run.run, request, answer });
      return { ...kept, fresh: true, asked: true };
    } finally {
      // It is paid for, also where it could not be stored.
      await countAnswer(deps, { run, endpoint, request }, answer);
    }
  });
}

async function ask(
  deps: ActivityDeps,
  run: RunReference,
  endpoint: EndpointName,
  { request, id, priority }: { request: CallRequest; id: string; priority: number },
  { signal, waits }: { readonly signal: AbortSignal; readonly waits: AbortSignal },
): Promise<Answer> {
  const rank = { urgency: Context.current().info.priority?.priorityKey ?? DEFAULT_PRIORITY, run: run.run, priority };
  for (;;) {
    const waited = deps.metrics.begin('longwriter_model_calls_waiting', { endpoint });
    try {
      await passGate(deps, run, waits);
      const { connection, pacer } = await connect(deps, run, endpoint, request.model);
      const answer = await pacer.run(
        async (turn) => {
          waited();
          // The run may have been paused while this call waited for its turn.
          if (!(await deps.gate.isOpen(run.run))) {
            turn.unused();
            return undefined;
          }
          return observedCall(deps, { run, endpoint, request }, { connection, signal }, () =>
            complete(deps, endpoint, connection, { request, id, turn, signal }),
          );
        },
        { signal: waits, rank },
      );
      if (answer) return answer;
    } catch (error) {
      throw await pauseIfNeeded(deps, run, { endpoint, model: request.model }, error);
    } finally {
      waited();
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
