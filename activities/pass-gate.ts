import { Context } from '@temporalio/activity';
import type { ActivityDeps } from './deps.ts';
import { failure } from './failures.ts';
import type { RunReference } from './run-files.ts';

/** Milliseconds that the first attempt of a step is held at a paused run's gate: a short pause costs no attempt. */
const HELD_MS = 30_000;

/** The longest time between two attempts of a step of a paused run, milliseconds: so late may a resume be felt. */
const PAUSED_RETRY_MS = 10_000;

/**
 * Waits at the run's gate: the first attempt of a step for a while, later ones not at all, so that a paused run takes no
 * place on this worker from others. Fails with Run.Paused, after which Temporal tries again.
 */
export async function passGate(deps: ActivityDeps, { run }: RunReference, waits: AbortSignal): Promise<void> {
  const heldMs = Context.current().info.attempt > 1 ? 0 : HELD_MS;
  if (await deps.gate.waitUntilOpen(run, waits, heldMs)) return;
  // Cut at random, so that the steps of a run do not all come back together.
  const retryAfterMs = PAUSED_RETRY_MS * (1 - Math.random() / 2);
  throw failure('Run.Paused', `run ${run} is paused`, { retryAfterMs });
}
