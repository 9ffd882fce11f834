import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApplicationFailure, Context } from '@temporalio/activity';
import type { RunConfig } from '../configs/schema.ts';
import { SERVING_FAILURES_TO_PAUSE } from '../domain/failures.ts';
import { leaseKey } from '../domain/keys.ts';
import { SERVED_SIGNAL, type ServedReport } from '../domain/progress.ts';
import { Lease, type ModelReference } from '../domain/schemas/run.ts';
import type { ActivityDeps } from './deps.ts';
import { failure } from './failures.ts';
import { whileBeating } from './heartbeat.ts';
import type { Launcher } from './io/launcher/launcher.ts';
import { findJson, jsonBytes } from './io/store/json.ts';
import type { RunReference } from './run-files.ts';
import { prepareServing, readAddress, type Address, type ServingJob } from './serving-job.ts';
import { whileSubmitted, type JobCare } from './submitted-job.ts';

export interface ServeModelInput extends RunReference {
  readonly model: ModelReference;
  /** Times that serving this model has failed already. */
  readonly failures: number;
}

/** Milliseconds that a server has to end by itself before its processes are killed. */
const GRACE_MS = 5000;

/** Milliseconds between two looks at a server. */
const LOOK_MS = 250;

/**
 * Holds a model up on a GPU node until it is cancelled: submits a job that prepares it once and starts the configured
 * server, writes a lease when that answers, and signals the workflow. A server that another attempt started is found, and a
 * job that its launcher moves to another node gets a new lease. Fails with Serving.Failed where the server ends or is not
 * ready in time; the wait for a node is no part of that time.
 */
export async function serveModel(deps: ActivityDeps, input: ServeModelInput): Promise<void> {
  try {
    await whileBeating((signal, say) => serve(deps, input, signal, say));
  } catch (error) {
    if (
      error instanceof ApplicationFailure &&
      error.type === 'Serving.Failed' &&
      input.failures + 1 >= SERVING_FAILURES_TO_PAUSE
    ) {
      await deps.gate.pause(input.run, { type: error.type, message: error.message });
    }
    throw error;
  }
}

async function serve(
  deps: ActivityDeps,
  input: ServeModelInput,
  signal: AbortSignal,
  say: (details: unknown) => void,
): Promise<void> {
  await deps.gate.waitUntilOpen(input.run, signal);
  const { serving } = await deps.files.config(input);
  const launcher = deps.launchers(serving.launcher);
  const { workflowId, runId } = Context.current().info.workflowExecution!;
  const start = `${workflowId}/${runId}/${input.failures}`;
  const job = await prepareServing(deps, serving, launcher.reach, { run: input.run, model: input.model, start });
  const care: JobCare = {
    graceMs: GRACE_MS,
    // On one machine the next attempt may come to another, and nobody would end the server.
    outlivesWorker: launcher.reach === 'cluster',
    onChange: (state) => say({ job: job.id, ...state }),
  };
  await whileSubmitted(launcher, job, care, async (watched) => {
    for (;;) {
      const address = await waitUntilReady(watched, job, serving, signal);
      await announce(deps, input, address, job.key);
      await waitUntilMoved(watched, job, address, signal);
    }
  });
}

/** Waits until a server answers, and returns where. */
async function waitUntilReady(
  launcher: Launcher,
  job: ServingJob,
  { healthPath, readySeconds }: RunConfig['serving'],
  signal: AbortSignal,
): Promise<Address> {
  let startedAt: number | undefined;
  for (;;) {
    const address = await lookUp(launcher, job);
    if (address && (await answers(`http://${address.host}:${address.port}${healthPath}`))) return address;
    startedAt = address && (startedAt ?? Date.now());
    if (startedAt !== undefined && Date.now() - startedAt > readySeconds * 1000) {
      throw failure('Serving.Failed', `the model server was not ready within ${readySeconds} s; see ${logOf(job)}`);
    }
    await sleep(LOOK_MS, undefined, { signal });
  }
}

/** Returns when a server has left its address for another, or for the queue. */
async function waitUntilMoved(
  launcher: Launcher,
  job: ServingJob,
  { host, port }: Address,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    await sleep(LOOK_MS, undefined, { signal });
    const address = await lookUp(launcher, job);
    if (address?.host !== host || address.port !== port) return;
  }
}

/** Where a server listens; undefined while it waits for a node or prepares its model. Fails where it has ended. */
async function lookUp(launcher: Launcher, job: ServingJob): Promise<Address | undefined> {
  const state = await launcher.state(job);
  const address = await readAddress(job);
  if (state.state === 'pending') return undefined;
  if (state.state === 'running') return address;
  const part = address ? 'the model server' : 'preparing the model for serving';
  if (state.state === 'absent') {
    const why = state.detail ?? 'killed';
    throw failure('Serving.Failed', `${part} is gone without an exit code (${why}); see ${logOf(job)}`);
  }
  // The shell's codes for a program that cannot be started.
  if (state.exitCode === 126 || state.exitCode === 127) {
    const program = address ? job.programs.server : job.programs.prepare;
    throw failure('Serving.Misconfigured', `serving: ${program} cannot be started on its node; see ${logOf(job)}`);
  }
  throw failure('Serving.Failed', `${part} ended with code ${state.exitCode}; see ${logOf(job)}`);
}

const logOf = (job: ServingJob): string => join(job.folder, job.log ?? '');

/** Writes the lease, unless a later attempt of this serving has written its own, and tells the workflow. */
async function announce(
  deps: ActivityDeps,
  input: ServeModelInput,
  { host, port }: Address,
  apiKey: string,
): Promise<void> {
  const { attempt, workflowExecution } = Context.current().info;
  const { workflowId, runId } = workflowExecution!;
  const serving = `${workflowId}/${runId}`;
  const current = await findJson(deps.store, leaseKey(input.run), Lease);
  if (current?.serving === serving && isLater(current, { failures: input.failures, attempt })) return;
  const lease: Lease = {
    serving,
    model: input.model.identity,
    node: host === '127.0.0.1' ? hostname() : host,
    failures: input.failures,
    attempt,
    baseUrl: `http://${host}:${port}/v1`,
    apiKey,
  };
  await deps.store.putView(leaseKey(input.run), jsonBytes(lease));
  const report: ServedReport = { identity: lease.model, node: lease.node, attempt };
  await Context.current().client.workflow.getHandle(workflowId, runId).signal(SERVED_SIGNAL, report);
}

type Start = Pick<Lease, 'failures' | 'attempt'>;

function isLater(one: Start, other: Start): boolean {
  return one.failures > other.failures || (one.failures === other.failures && one.attempt > other.attempt);
}

async function answers(url: string): Promise<boolean> {
  return fetch(url, { signal: AbortSignal.timeout(2000) }).then(
    (response) => response.ok,
    () => false,
  );
}
