import { randomBytes } from 'node:crypto';
import { mkdir, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApplicationFailure, Context } from '@temporalio/activity';
import getPort from 'get-port';
import { SERVING_FAILURES_TO_PAUSE } from '../domain/failures.ts';
import { fingerprint8 } from '../domain/fingerprint.ts';
import { leaseKey } from '../domain/keys.ts';
import { SERVED_SIGNAL, type ServedReport } from '../domain/progress.ts';
import { Lease, type ModelReference } from '../domain/schemas/run.ts';
import { fillCommand } from './command.ts';
import type { ActivityDeps } from './deps.ts';
import { failure } from './failures.ts';
import { fetchModel, modelFolder } from './fetch-model.ts';
import { whileBeating } from './heartbeat.ts';
import { startProcess, type StartedProcess } from './io/process.ts';
import { findJson, jsonBytes } from './io/store/json.ts';
import type { RunReference } from './run-files.ts';

export interface ServeModelInput extends RunReference {
  readonly model: ModelReference;
  /** Times that serving this model has failed already. */
  readonly failures: number;
}

/** Milliseconds that a server has to end by itself before its processes are killed. */
const GRACE_MS = 5000;

/**
 * Holds a model up on this GPU node until it is cancelled: prepares it once, starts the configured server, writes a lease
 * when it answers, and signals the workflow. Fails with Serving.Failed where the server ends or is not ready in time.
 */
export async function serveModel(deps: ActivityDeps, input: ServeModelInput): Promise<void> {
  try {
    await whileBeating((signal) => serve(deps, input, signal));
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

async function serve(deps: ActivityDeps, input: ServeModelInput, signal: AbortSignal): Promise<void> {
  await deps.gate.waitUntilOpen(input.run, signal);
  const { serving } = await deps.files.config(input);
  const values = await commandValues(deps, input.model, serving.prepare);
  await prepare(deps, serving.prepare, values, signal);
  const server = await startServing(
    deps,
    `serve-${values['slug']}`,
    'served-model.log',
    fillCommand(serving.command, values),
  );
  try {
    await waitUntilReady(
      server,
      `http://${values['host']}:${values['port']}${serving.healthPath}`,
      serving.readySeconds,
      signal,
    );
    await announce(deps, input, values);
    const ended = await Promise.race([server.exited, Context.current().cancelled]);
    throw failure(
      'Serving.Failed',
      `the model server ended with code ${ended.code ?? ended.signal}; see served-model.log`,
    );
  } finally {
    await server.stop(GRACE_MS);
  }
}

async function commandValues(
  deps: ActivityDeps,
  model: ModelReference,
  prepareCommand: readonly string[],
): Promise<Record<string, string>> {
  const folder = modelFolder(deps, model.identity);
  await mkdir(folder, { recursive: true });
  return {
    ...deps.node.commandValues,
    model: await fetchModel(deps, model),
    // Named by how it is made: another command makes another one.
    prepared: join(folder, `prepared-${fingerprint8(prepareCommand)}`),
    host: '127.0.0.1',
    port: String(await getPort({ host: '127.0.0.1' })),
    key: randomBytes(16).toString('hex'),
    name: 'served',
    slug: `${model.name}-${model.identity.replace(/\W/g, '').slice(0, 8)}`,
  };
}

/** Runs the prepare command unless what it makes is there; it must write {prepared} whole or not at all. */
async function prepare(
  deps: ActivityDeps,
  template: readonly string[],
  values: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<void> {
  if (template.length === 0 || (await exists(values['prepared']!))) return;
  const process = await startServing(
    deps,
    `prepare-${values['slug']}`,
    'prepare-model.log',
    fillCommand(template, values),
  );
  const stop = () => void process.stop(GRACE_MS);
  signal.addEventListener('abort', stop, { once: true });
  const { code } = await process.exited;
  signal.removeEventListener('abort', stop);
  if (signal.aborted) await Context.current().cancelled;
  if (code !== 0 || !(await exists(values['prepared']!))) {
    throw failure('Serving.Failed', `preparing the model for serving ended with code ${code}; see prepare-model.log`);
  }
}

async function waitUntilReady(
  server: StartedProcess,
  url: string,
  readySeconds: number,
  signal: AbortSignal,
): Promise<void> {
  const deadline = Date.now() + readySeconds * 1000;
  let ended = false;
  void server.exited.then(() => (ended = true));
  while (!(await answers(url))) {
    if (ended) throw failure('Serving.Failed', 'the model server ended before it was ready; see served-model.log');
    if (Date.now() > deadline)
      throw failure('Serving.Failed', `the model server was not ready within ${readySeconds} s`);
    await sleep(250, undefined, { signal });
  }
}

/** Writes the lease, unless a later attempt of this serving has written its own, and tells the workflow. */
async function announce(
  deps: ActivityDeps,
  input: ServeModelInput,
  values: Readonly<Record<string, string>>,
): Promise<void> {
  const { attempt, workflowExecution } = Context.current().info;
  const { workflowId, runId } = workflowExecution!;
  const serving = `${workflowId}/${runId}`;
  const current = await findJson(deps.store, leaseKey(input.run), Lease);
  if (current?.serving === serving && isLater(current, { failures: input.failures, attempt })) return;
  const lease: Lease = {
    serving,
    model: input.model.identity,
    node: hostname(),
    failures: input.failures,
    attempt,
    baseUrl: `http://${values['host']}:${values['port']}/v1`,
    apiKey: values['key']!,
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

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** Starts a command of the serving configuration. Fails with Serving.Misconfigured where there is no such program. */
async function startServing(
  { node }: ActivityDeps,
  name: string,
  log: string,
  [command = '', ...args]: readonly string[],
): Promise<StartedProcess> {
  try {
    return await startProcess({ name, command, args, logFile: join(node.home, 'logs', log), registry: node.processes });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'EACCES') throw error;
    throw failure('Serving.Misconfigured', `serving: ${command} cannot be started on this node (${code})`);
  }
}
