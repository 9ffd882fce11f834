import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { findJson } from '../activities/io/store/json.ts';
import type { Store } from '../activities/io/store/store.ts';
import { addCosts, budgetOf } from '../domain/cost.ts';
import { controlKey, stageKey } from '../domain/keys.ts';
import type { RunProgress } from '../domain/progress.ts';
import { Control, StageRecord } from '../domain/schemas/run.ts';
import { progressQuery } from '../workflows/messages.ts';
import { EXIT } from './exit.ts';
import { paidSoFar } from './paid.ts';
import { hasPipelineWorker } from './pipeline-worker.ts';
import { endedAs, findConfig, openRun, type RunCondition } from './runs.ts';
import { storedStages } from './stored-stages.ts';

/** Milliseconds that a query may take where somebody follows a run; without a worker it would take thirty seconds to fail. */
const QUERY_MS = 3000;

/** A run as a user sees it, with what its workflow does not know of itself. */
export interface RunStatus extends RunProgress {
  /** Seconds since its newest workflow began, until it ended. */
  readonly elapsedSeconds: number;
  /** Whether `paid` leaves out entries of the ledger that were not read in time: the run paid at least this much. */
  readonly paidAtLeast?: true;
  /** What a person can do about a run that does not go on by itself. */
  readonly next?: string;
}

/** How long a look may take, in milliseconds. */
export interface Patience {
  readonly queryMs?: number;
  /** For adding up the ledger; no limit where unset. */
  readonly paidMs?: number;
}

/**
 * How far a run is: by its workflow where a worker lives, else by its search attributes and what the store holds. Fails
 * with exit code 4 where there is no such run.
 */
export async function runProgress(
  client: Client,
  store: Store,
  run: string,
  { queryMs = QUERY_MS, paidMs }: Patience = {},
): Promise<RunStatus> {
  const frozenRun = findConfig(store, run);
  const [{ state, description }, frozen, paid, queried] = await Promise.all([
    openRun(client, store, run),
    frozenRun,
    frozenRun.then((found) => found && paidSoFar(store, run, found.config, paidMs)),
    queryProgress(client, run, queryMs),
  ]);
  const elapsedSeconds = description ? secondsBetween(description.startTime, description.closeTime) : 0;
  const message = await messageOf(client, store, run, state, description, queried);
  const budget = frozen && budgetOf(frozen.config.budget);
  const stages = queried?.stages ?? (await storedStages(store, run, frozen?.config, description));
  const told = addCosts(...stages.map(({ spending }) => spending.paid));
  const shown = stateOf(state, queried);
  const goesOn = shown === 'running' || shown === 'completed';
  return {
    run,
    state: shown,
    message,
    stages,
    // A part of the ledger may be less than what the stages say of themselves.
    paid: paid && (paid.isWhole || paid.cost.calls > told.calls) ? paid.cost : told,
    ...(paid?.isWhole === false ? { paidAtLeast: true as const } : {}),
    ...(budget ? { budget } : {}),
    elapsedSeconds,
    ...(goesOn ? {} : { next: `to go on: npm run longwriter -- resume ${run}` }),
  };
}

/** A run that the server has forgotten was cut off, as far as anybody knows; a workflow can pause by itself. */
function stateOf(state: RunCondition, queried: RunProgress | undefined): RunProgress['state'] {
  if (state === 'stopped') return 'cancelled';
  return state === 'running' && queried?.state === 'paused' ? 'paused' : state;
}

/** What a run's workflow says of itself; undefined where no worker is there to ask, or it takes too long. */
async function queryProgress(client: Client, run: string, queryMs: number): Promise<RunProgress | undefined> {
  try {
    return await client.withDeadline(Date.now() + queryMs, async () => {
      if (!(await hasPipelineWorker(client))) return undefined;
      return client.workflow.getHandle(run).query(progressQuery);
    });
  } catch {
    // What is stored, and the search attributes, are told in its place; openRun fails where the server is gone.
    return undefined;
  }
}

/** Why a run is paused, failed, or told from the store alone. */
async function messageOf(
  client: Client,
  store: Store,
  run: string,
  state: RunCondition,
  description: WorkflowExecutionDescription | undefined,
  queried: RunProgress | undefined,
): Promise<string> {
  if (description?.status.name === 'RUNNING' && description.raw.workflowExtendedInfo?.cancelRequested)
    return queried ? 'it is being cancelled' : 'it is to be cancelled, which takes effect once a worker is up';
  if (state === 'stopped') return 'the server knows no workflow of it (any more)';
  if (state === 'paused') {
    const control = await findJson(store, controlKey(run), Control);
    if (control?.paused) return `${control.type}: ${control.message}`;
  }
  if (queried) return queried.message;
  if (state === 'failed' && description) return failureOf(client, run);
  return description && !endedAs(description.status.name) ? 'no worker answers; this is what it told last' : '';
}

async function failureOf(client: Client, run: string): Promise<string> {
  try {
    await client.withDeadline(Date.now() + QUERY_MS, () => client.workflow.getHandle(run).result());
    return '';
  } catch (error) {
    let cause = error;
    while (cause instanceof Error && cause.cause instanceof Error) ({ cause } = cause);
    return cause instanceof Error ? cause.message : String(cause);
  }
}

function secondsBetween(start: Date, end: Date | undefined): number {
  return Math.max(0, ((end?.getTime() ?? Date.now()) - start.getTime()) / 1000);
}

/** The exit code that a run's state stands for: samples left out as failed make a completed run a 1, too. */
export async function exitCodeOf(store: Store, run: string, state: RunProgress['state']): Promise<number> {
  if (state === 'failed' || state === 'cancelled') return EXIT.failed;
  if (state !== 'completed') return EXIT.done;
  const dataset = (await findJson(store, stageKey(run, 'dataset'), StageRecord))?.outcome as
    { failed?: number } | undefined;
  return (dataset?.failed ?? 0) > 0 ? EXIT.failed : EXIT.done;
}
