import {
  type Client,
  type WorkflowExecutionDescription,
  WorkflowFailedError,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import { findJson, jsonBytes } from '../activities/io/store/json.ts';
import { StoreError, type Store } from '../activities/io/store/store.ts';
import { RunConfig } from '../configs/schema.ts';
import { differences } from '../domain/differences.ts';
import { configKey, controlKey, reportKey, stageKey } from '../domain/keys.ts';
import { fingerprint } from '../domain/fingerprint.ts';
import { DEFAULT_PRIORITY, isRunId, PIPELINE_QUEUE, STAGES, type Stage } from '../domain/names.ts';
import { Control, StageRecord } from '../domain/schemas/run.ts';
import { pausedSignal, resumedSignal } from '../workflows/messages.ts';
import type { runPipeline, RunPipelineInput } from '../workflows/run-pipeline.ts';
import { factsOf } from '../domain/run-details.ts';
import { CommandError, EXIT } from './exit.ts';
import { hasCode } from './grpc.ts';
import { oneOf } from './one-of.ts';
import { hasPipelineWorker } from './pipeline-worker.ts';
import { areAllKnown, knownAttributes } from './search-attributes.ts';

/** Milliseconds that a cancelled run may take to end, beyond its trainer's grace; Slurm may take minutes to end a job. */
const CANCEL_MS = 240_000;

/** Which part of the pipeline a run walks, and how. */
export type RunOptions = Pick<RunPipelineInput, 'from' | 'until' | 'acceptFailed'> & {
  /** How urgent it is beside other runs: 1 the most, 5 the least. */
  readonly priority?: number;
};

/** A frozen configuration with its revision. */
export interface FrozenConfig {
  readonly revision: number;
  readonly config: RunConfig;
}

/** Fails with exit code 2 unless a text can be a run id. */
export function checkRunId(run: string): void {
  if (!isRunId(run))
    throw new CommandError(EXIT.usage, `run id "${run}": expected 1 to 40 characters of a-z, 0-9 and "-"`);
}

/** The newest configuration of a run, or undefined where there is no such run. */
export async function findConfig(store: Store, run: string): Promise<FrozenConfig | undefined> {
  let newest: FrozenConfig | undefined;
  for (let revision = 1; ; revision++) {
    const config = await findJson(store, configKey(run, revision), RunConfig);
    if (!config) return newest;
    newest = { revision, config };
  }
}

/** The first and last stage of a run that is a training or an evaluation alone; undefined of a whole pipeline. */
export function walkAlone({
  training,
  evaluation,
}: RunConfig): Required<Pick<RunOptions, 'from' | 'until'>> | undefined {
  if (training.alone) return { from: training.alone.method, until: training.alone.method };
  return evaluation.alone && { from: 'evaluate', until: 'report' };
}

/** Whether a run's last stage stands, under its newest configuration, so that nothing is left to do unless it is told otherwise. */
export async function isFinished(store: Store, run: string, { revision, config }: FrozenConfig): Promise<boolean> {
  const last = walkAlone(config)?.until ?? 'report';
  const record = await findJson(store, stageKey(run, last), StageRecord);
  return record?.revision === revision && (last !== 'report' || (await store.find(reportKey(run))) !== undefined);
}

/** Takes a run's lock: its configuration, frozen. Fails with exit code 2 where the run has another one. */
export async function freezeConfig(store: Store, run: string, config: RunConfig): Promise<FrozenConfig> {
  const created = await store.createIfAbsent(configKey(run), jsonBytes(config)).catch((error: unknown) => {
    if (error instanceof StoreError) throw new CommandError(EXIT.usage, error.message);
    throw error;
  });
  if (created) return { revision: 1, config };
  const frozen = (await findConfig(store, run))!;
  checkSameConfig(run, frozen.config, config);
  return frozen;
}

/**
 * Fails with exit code 2, naming the first difference, unless two configurations are the same.
 * @param option by which a person gives the run another name
 */
export function checkSameConfig(run: string, frozen: RunConfig, given: RunConfig, option = '--run'): void {
  if (fingerprint(frozen) === fingerprint(given)) return;
  const { path, a, b } = differences(frozen, given)[0]!;
  const first = `${path}: ${JSON.stringify(a)} and ${JSON.stringify(b)}`;
  throw new CommandError(
    EXIT.usage,
    `run ${run} has another configuration (${first}); choose another ${option}, or: longwriter resume ${run} --config FILE`,
  );
}

/** Starts, or starts again, the workflow of a run; one that is running is left alone. */
export async function startWorkflow(
  client: Client,
  run: string,
  frozen: FrozenConfig,
  { priority = DEFAULT_PRIORITY, ...options }: RunOptions,
): Promise<void> {
  const { revision, config } = frozen;
  const attributes = areAllKnown(client.options.namespace, await knownAttributes(client));
  // A person may begin an evaluation alone at its report.
  const walk = { ...walkAlone(config), ...options };
  await client.workflow.start<typeof runPipeline>('runPipeline', {
    taskQueue: PIPELINE_QUEUE,
    workflowId: run,
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    workflowIdConflictPolicy: 'USE_EXISTING',
    args: [{ run, revision, config, ...walk, attributes }],
    memo: { revision, until: walk.until ?? null, priority },
    // Children and activities inherit it; equally urgent runs take turns.
    priority: { priorityKey: priority, fairnessKey: run },
    staticSummary: `LongWriter run ${run}`,
    staticDetails: factsOf('LongWriter end to end; the details beside this tell how far it is.', {
      ...{ run, from: walk.from ?? STAGES[0], until: walk.until ?? STAGES.at(-1)!, revision },
      configuration: fingerprint(config),
    }),
    typedSearchAttributes: attributes ? [{ key: defineSearchAttributeKey('LwRun', 'KEYWORD'), value: run }] : [],
  });
}

/** What a run's last workflow was started with, as `startWorkflow` noted it. */
export function lastMemo(description: WorkflowExecutionDescription | undefined): {
  revision?: number;
  until?: Stage | null;
  priority?: number;
} {
  return description?.memo ?? {};
}

/** The stage at which a run's last workflow was to end, where it was told one. */
export async function lastStage(client: Client, run: string): Promise<Stage | undefined> {
  return lastMemo(await describeRun(client, run)).until ?? undefined;
}

/**
 * Lets a run go on, or begin again, under a configuration: finished work is found. A run that was to end at a stage still
 * does, unless it is told another, and is as urgent as it was; returns that stage.
 *
 * @param again whether a workflow under way has to be started anew to see what changed
 */
export async function goOn(
  { client, store }: { readonly client: Client; readonly store: Store },
  run: string,
  frozen: FrozenConfig,
  options: RunOptions & { readonly again: boolean },
): Promise<Stage | undefined> {
  const { again, ...stages } = options;
  const description = await describeRun(client, run);
  const last = lastMemo(description);
  const { priority = last.priority ?? DEFAULT_PRIORITY } = options;
  // What is under way keeps the priority that it was started with.
  const isOther = last.revision !== frozen.revision || priority !== (last.priority ?? DEFAULT_PRIORITY);
  if (description?.status.name === 'RUNNING' && (again || isOther)) {
    await checkCanEnd(client, run);
    await cancelWorkflow(client, run, frozen.config.training.graceSeconds);
  }
  await unpause(client, store, run);
  const until = stages.until ?? last.until ?? undefined;
  await startWorkflow(client, run, frozen, { ...stages, priority, ...(until ? { until } : {}) });
  return until;
}

/** Fails with exit code 1 where a run is under way and no worker is up that could let it end, so that it can begin anew. */
export async function checkCanEnd(client: Client, run: string): Promise<void> {
  if ((await describeRun(client, run))?.status.name !== 'RUNNING' || (await hasPipelineWorker(client))) return;
  throw new CommandError(
    EXIT.failed,
    `run ${run} begins anew once what is under way has ended, for which a worker must be up: start one (longwriter dev, ` +
      'or longwriter worker pipeline), and then the same command again',
  );
}

/**
 * Cancels a run's workflow, and waits until it has ended where a worker is up: a trainer saves a checkpoint first. Returns
 * whether it has. Fails with exit code 1 where it does not end though a worker is there.
 */
export async function cancelWorkflow(client: Client, run: string, graceSeconds = 0): Promise<boolean> {
  const handle = client.workflow.getHandle(run);
  await handle.cancel();
  if (!(await hasPipelineWorker(client))) return false;
  try {
    await client.withDeadline(Date.now() + CANCEL_MS + graceSeconds * 1000, () => handle.result());
  } catch (error) {
    if (hasCode(error, 'deadlineExceeded'))
      throw new CommandError(EXIT.failed, `run ${run} does not end; longwriter doctor looks at its workers`);
    if (!(error instanceof WorkflowFailedError)) throw error;
  }
  return true;
}

/** The workflow of a run, or undefined where the server knows none. */
export async function describeRun(client: Client, run: string): Promise<WorkflowExecutionDescription | undefined> {
  try {
    return await client.workflow.getHandle(run).describe();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

/** What a run is at, as its workflow and its control object say; `stopped` is one of which the server knows nothing (any more). */
export type RunCondition = 'running' | 'paused' | 'completed' | 'failed' | 'cancelled' | 'stopped';

/** A run's condition with its newest workflow. Fails with exit code 4 where neither the store nor the server knows it. */
export async function openRun(
  client: Client,
  store: Store,
  run: string,
): Promise<{ readonly state: RunCondition; readonly description: WorkflowExecutionDescription | undefined }> {
  const [description, config, control] = await Promise.all([
    describeRun(client, run),
    store.find(configKey(run)),
    findJson(store, controlKey(run), Control),
  ]);
  if (!description && !config)
    throw new CommandError(
      EXIT.noSuchRun,
      `there is no run ${run} in store ${store.url}; longwriter status lists them`,
    );
  const ended = description && endedAs(description.status.name);
  if (ended) return { state: ended, description };
  if (description) return { state: control?.paused ? 'paused' : 'running', description };
  const frozen = await findConfig(store, run);
  return { state: frozen && (await isFinished(store, run, frozen)) ? 'completed' : 'stopped', description };
}

/** How a workflow that is not under way has ended, in the words of a run; undefined of one that is. */
export function endedAs(status: string): 'completed' | 'cancelled' | 'failed' | undefined {
  if (status === 'COMPLETED') return 'completed';
  if (status === 'CANCELLED' || status === 'TERMINATED') return 'cancelled';
  return status === 'FAILED' || status === 'TIMED_OUT' ? 'failed' : undefined;
}

/** Stops a run's new model calls: in the workers within a second, by the control object, and in the workflow. */
export async function pause(client: Client, store: Store, run: string): Promise<void> {
  const reason = { type: 'requested', message: 'paused by longwriter pause' };
  await store.putView(controlKey(run), jsonBytes({ paused: true, ...reason } satisfies Control));
  await client.workflow.getHandle(run).signal(pausedSignal, reason);
}

/** Lets a paused run go on. */
export async function unpause(client: Client, store: Store, run: string): Promise<void> {
  await store.putView(controlKey(run), jsonBytes({ paused: false } satisfies Control));
  const { status } = (await describeRun(client, run)) ?? {};
  if (status?.name === 'RUNNING') await client.workflow.getHandle(run).signal(resumedSignal);
}

/** The stages to walk, from what a person typed. Fails with exit code 2 where there are none such. */
export function checkStages(typed: {
  readonly from?: string;
  readonly until?: string;
}): Pick<RunOptions, 'from' | 'until'> {
  const from = typed.from === undefined ? undefined : oneOf('stage', typed.from, STAGES);
  const until = typed.until === undefined ? undefined : oneOf('stage', typed.until, STAGES);
  if (from && until && STAGES.indexOf(from) > STAGES.indexOf(until)) {
    throw new CommandError(EXIT.usage, `--from ${from} comes after --until ${until}: there is nothing to walk`);
  }
  return { ...(from ? { from } : {}), ...(until ? { until } : {}) };
}

/** Fails with exit code 2 where other stages are asked for of a run that is a training or an evaluation alone. */
export function checkWalk(run: string, config: RunConfig, { from, until }: Pick<RunOptions, 'from' | 'until'>): void {
  const alone = walkAlone(config);
  if (!alone || [from, until].every((stage) => stage === undefined || isWithin(alone, stage))) return;
  const what = config.training.alone ? 'a training' : 'an evaluation';
  const stages = STAGES.filter((stage) => isWithin(alone, stage)).join(', ');
  throw new CommandError(EXIT.usage, `run ${run} is ${what} alone: it walks ${stages} only`);
}

/** Whether a stage is between two others, or one of them. */
export function isWithin({ from, until }: { readonly from: Stage; readonly until: Stage }, stage: Stage): boolean {
  const at = STAGES.indexOf(stage);
  return at >= STAGES.indexOf(from) && at <= STAGES.indexOf(until);
}
