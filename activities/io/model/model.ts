import type { Dialect } from '../../../configs/schema.ts';
import type { Answer, CallRequest } from '../../../domain/schemas/call.ts';

/** How to reach a model: resolved by the worker on each attempt, never part of an input or a fingerprint. */
export interface Connection {
  readonly baseUrl: string;
  readonly apiKey: string | undefined;
  /** The model's name at this endpoint. */
  readonly model: string;
  readonly dialect: Dialect;
  readonly timeoutMs: number;
  /** How long it may be out of reach before it counts as gone. */
  readonly goneAfterMs: number;
}

/** The one way to a language model: one request, one answer, no retries. Fails with a ModelError. */
export interface ModelClient {
  complete(connection: Connection, request: CallRequest, seed: number, signal: AbortSignal): Promise<Answer>;
}

export type ModelProblem =
  | 'RateLimited'
  | 'ServerError'
  | 'Unreachable'
  | 'TimedOut'
  | 'NotServed'
  | 'Unauthorized'
  | 'QuotaSpent'
  | 'NotFound'
  | 'KeyMissing'
  | 'Gone'
  | 'ContextExceeded'
  | 'BadRequest';

/** Why a model gave no answer. The message names the endpoint and is free of keys and prompts. */
export class ModelError extends Error {
  override readonly name = 'ModelError';
  readonly problem: ModelProblem;
  readonly retryAfterMs: number | undefined;
  constructor(problem: ModelProblem, message: string, retryAfterMs?: number) {
    super(message);
    this.problem = problem;
    this.retryAfterMs = retryAfterMs;
  }
}
