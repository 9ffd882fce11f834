import {
  type Client,
  type WorkflowExecutionDescription,
  WorkflowFailedError,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { z } from 'zod';
import { findJson, jsonBytes } from '../activities/io/store/json.ts';
import { readPaid } from '../activities/io/store/ledger.ts';
import { StoreError, type Store } from '../activities/io/store/store.ts';
import { RunConfig } from '../configs/schema.ts';
import { budgetOf, NO_COST, NO_SPENDING } from '../domain/cost.ts';
import { differences } from '../domain/differences.ts';
import { configKey, controlKey, reportKey, stageKey } from '../domain/keys.ts';
import { fingerprint } from '../domain/fingerprint.ts';
import { gateLine } from '../domain/model-gate.ts';
import { isRunId, PIPELINE_QUEUE, STAGES, type Stage } from '../domain/names.ts';
import type { RunProgress } from '../domain/progress.ts';
import type { Cost } from '../domain/schemas/call.ts';
import { ModelGate } from '../domain/schemas/probe.ts';
import { Control, StageRecord } from '../domain/schemas/run.ts';
import { selectionLine } from '../domain/selection.ts';
import { pausedSignal, progressQuery, resumedSignal } from '../workflows/messages.ts';
import type { runPipeline, RunPipelineInput } from '../workflows/run-pipeline.ts';
import { CommandError, EXIT } from './exit.ts';

/** Milliseconds that a cancelled run may take to end, beyond its trainer's grace; Slurm may take minutes to end a job. */
const CANCEL_MS = 240_000;

/** Milliseconds that a query may take; without a live worker it would take thirty seconds to fail. */
const QUERY_MS = 3000;

/** Which part of the pipeline a run walks, and how. */
export type RunOptions = Pick<RunPipelineInput, 'from' | 'until' | 'acceptFailed'>;

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

/** Fails with exit code 2, naming the first difference, unless two configurations are the same. */
export function checkSameConfig(run: string, frozen: RunConfig, given: RunConfig): void {
  if (fingerprint(frozen) === fingerprint(given)) return;
  const { path, a, b } = differences(frozen, given)[0]!;
  const first = `${path}: ${JSON.stringify(a)} and ${JSON.stringify(b)}`;
  throw new CommandError(
    EXIT.usage,
    `run ${run} has another configuration (${first}); choose another --run, or: longwriter resume ${run} --config FILE`,
  );
}

/** Starts, or starts again, the workflow of a run; one that is running is left alone. */
export async function startWorkflow(
  client: Client,
  run: string,
  frozen: FrozenConfig,
  options: RunOptions,
): Promise<void> {
  const { revision, config } = frozen;
  // A person may begin an evaluation alone at its report.
  const walk = { ...walkAlone(config), ...options };
  await client.workflow.start<typeof runPipeline>('runPipeline', {
    taskQueue: PIPELINE_QUEUE,
    workflowId: run,
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    workflowIdConflictPolicy: 'USE_EXISTING',
    args: [{ run, revision, config, ...walk }],
    memo: { revision, until: walk.until ?? null },
    staticSummary: `LongWriter run ${run}`,
    staticDetails: `From ${walk.from ?? STAGES[0]} to ${walk.until ?? STAGES.at(-1)!}, configuration ${revision}.`,
  });
}

/** What a run's last workflow was started with, as `startWorkflow` noted it. */
function lastMemo(description: WorkflowExecutionDescription | undefined): { revision?: number; until?: Stage | null } {
  return description?.memo ?? {};
}

/** The stage at which a run's last workflow was to end, where it was told one. */
export async function lastStage(client: Client, run: string): Promise<Stage | undefined> {
  return lastMemo(await describeRun(client, run)).until ?? undefined;
}

/**
 * Lets a run go on, or begin again, under a configuration: finished work is found. A run that was to end at a stage still
 * does, unless it is told another; returns that stage.
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
  if (description?.status.name === 'RUNNING' && (again || last.revision !== frozen.revision)) {
    await cancelWorkflow(client, run, frozen.config.training.graceSeconds);
  }
  await unpause(client, store, run);
  const until = stages.until ?? last.until ?? undefined;
  await startWorkflow(client, run, frozen, { ...stages, ...(until ? { until } : {}) });
  return until;
}

/** Cancels a run's workflow and waits until it has ended, a trainer saves a checkpoint first. Fails with exit code 1 where no worker lets it end. */
export async function cancelWorkflow(client: Client, run: string, graceSeconds = 0): Promise<void> {
  const handle = client.workflow.getHandle(run);
  await handle.cancel();
  try {
    await client.withDeadline(Date.now() + CANCEL_MS + graceSeconds * 1000, () => handle.result());
  } catch (error) {
    if (error instanceof WorkflowFailedError) return;
    throw new CommandError(EXIT.failed, `run ${run} does not end; is a worker up? (longwriter dev)`);
  }
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

/** How far a run is: by the workflow where a worker lives, else by what the store holds. */
export async function runProgress(client: Client, store: Store, run: string): Promise<RunProgress> {
  const description = await describeRun(client, run);
  if (description) {
    try {
      const handle = client.workflow.getHandle(run);
      const progress = await client.withDeadline(Date.now() + QUERY_MS, () => handle.query(progressQuery));
      const control = progress.state === 'running' ? await findJson(store, controlKey(run), Control) : undefined;
      const paused = control?.paused && { state: 'paused' as const, message: `${control.type}: ${control.message}` };
      const paid = await paidSoFar(store, run);
      return { ...progress, ...(paid ? { paid } : {}), ...(paused || {}), ...(ended(description.status.name) ?? {}) };
    } catch {
      // No live worker: the store is asked.
    }
  }
  return storedProgress(store, run, description?.status.name);
}

const SelectionCounts = z.object({ selected: z.number(), read: z.number(), leftOut: z.record(z.string(), z.number()) });

const Gated = z.object({ gate: ModelGate });

/** What a finished stage is told by, from its record. */
function storedDetail(stage: Stage, outcome: unknown): string {
  const selection = SelectionCounts.safeParse(outcome);
  if (stage === 'select') return selection.success ? selectionLine(selection.data) : '';
  const gated = Gated.safeParse(outcome);
  return gated.success ? gateLine(gated.data.gate) : '';
}

async function storedProgress(store: Store, run: string, status: string | undefined): Promise<RunProgress> {
  const control = await findJson(store, controlKey(run), Control);
  const frozen = await findConfig(store, run);
  const alone = frozen && walkAlone(frozen.config);
  const stages = await Promise.all(
    STAGES.map(async (stage) => {
      const record = await findJson(store, stageKey(run, stage), StageRecord);
      const seconds = record ? (Date.parse(record.endedAt) - Date.parse(record.startedAt)) / 1000 : 0;
      const isSkipped = alone !== undefined && !isWithin(alone, stage);
      const state = record ? ('done' as const) : isSkipped ? ('skipped' as const) : ('waiting' as const);
      const detail = storedDetail(stage, record?.outcome);
      return { stage, state, done: 0, total: 0, detail, seconds, words: 0, spending: NO_SPENDING };
    }),
  );
  const message = control?.paused
    ? `${control.type}: ${control.message}`
    : 'no worker answers; this is what the store holds';
  const state = control?.paused ? ('paused' as const) : ('running' as const);
  return {
    run,
    state,
    message,
    stages,
    ...(frozen ? await storedCosts(store, run, frozen.config) : { paid: NO_COST }),
    ...(ended(status) ?? {}),
  };
}

/** Milliseconds for which a sum of the ledger is good enough for eyes. */
const PAID_MS = 10_000;

const sums = new Map<string, { readonly at: number; readonly paid: Promise<Cost | undefined> }>();

/** What a run has paid for, samples in progress included, by its ledger; added up once in a while. */
function paidSoFar(store: Store, run: string): Promise<Cost | undefined> {
  const known = sums.get(run);
  if (known && Date.now() - known.at < PAID_MS) return known.paid;
  const paid = findConfig(store, run).then(
    async (frozen) => frozen && (await readPaid(store, run, frozen.config)).cost,
  );
  sums.set(run, { at: Date.now(), paid });
  return paid;
}

async function storedCosts(
  store: Store,
  run: string,
  config: RunConfig,
): Promise<Pick<RunProgress, 'paid' | 'budget'>> {
  const budget = budgetOf(config.budget);
  return { paid: (await readPaid(store, run, config)).cost, ...(budget ? { budget } : {}) };
}

function ended(status: string | undefined): Pick<RunProgress, 'state'> | undefined {
  if (status === 'COMPLETED') return { state: 'completed' };
  if (status === 'CANCELLED' || status === 'TERMINATED') return { state: 'cancelled' };
  return status === 'FAILED' || status === 'TIMED_OUT' ? { state: 'failed' } : undefined;
}

/** The exit code that a run's state stands for: samples left out as failed make a completed run a 1, too. */
export async function exitCodeOf(store: Store, run: string, state: RunProgress['state']): Promise<number> {
  if (state === 'failed' || state === 'cancelled') return EXIT.failed;
  if (state !== 'completed') return EXIT.done;
  const dataset = (await findJson(store, stageKey(run, 'dataset'), StageRecord))?.outcome as
    { failed?: number } | undefined;
  return (dataset?.failed ?? 0) > 0 ? EXIT.failed : EXIT.done;
}

/** The stages to walk, from what a person typed. Fails with exit code 2 where there are none such. */
export function checkStages(typed: {
  readonly from?: string;
  readonly until?: string;
}): Pick<RunOptions, 'from' | 'until'> {
  const from = typed.from === undefined ? undefined : checkStage(typed.from);
  const until = typed.until === undefined ? undefined : checkStage(typed.until);
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

function isWithin({ from, until }: { readonly from: Stage; readonly until: Stage }, stage: Stage): boolean {
  const at = STAGES.indexOf(stage);
  return at >= STAGES.indexOf(from) && at <= STAGES.indexOf(until);
}

/** Fails with exit code 2 unless a text is a stage. */
function checkStage(text: string): Stage {
  const stage = STAGES.find((one) => one === text);
  if (!stage) throw new CommandError(EXIT.usage, `stage "${text}": expected one of ${STAGES.join(', ')}`);
  return stage;
}
