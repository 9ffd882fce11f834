import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import { findJson } from '../activities/io/store/json.ts';
import type { Store } from '../activities/io/store/store.ts';
import { controlKey } from '../domain/keys.ts';
import { Control } from '../domain/schemas/run.ts';
import { loadAhead } from './load-ahead.ts';
import { roughTime } from '../domain/rough-time.ts';
import { endedAs, findConfig, isFinished, type RunCondition } from './runs.ts';
import { columns } from './terminal.ts';

/** A run of the store as a list shows it. */
export interface ListedRun {
  readonly run: string;
  readonly state: RunCondition;
  /** What its workflow noted of itself, where the namespace has the search attributes. */
  readonly stage?: string;
  readonly done?: number;
  readonly total?: number;
  readonly startedAt?: string;
  readonly elapsedSeconds?: number;
}

/** Runs whose report is looked for at once, of those that the server does not know. */
const AHEAD = 16;

/** All runs of a store with their states: one listing of its folders, and one of the server's workflows. */
export async function listRuns(client: Client, store: Store): Promise<ListedRun[]> {
  const [names, workflows] = await Promise.all([store.folders('runs'), newestWorkflows(client)]);
  const listed: ListedRun[] = [];
  for await (const one of loadAhead(names, AHEAD, async (run) => describeListed(store, run, workflows.get(run))))
    listed.push(one);
  return listed;
}

async function describeListed(store: Store, run: string, info: WorkflowExecutionInfo | undefined): Promise<ListedRun> {
  if (!info) {
    const frozen = await findConfig(store, run);
    return { run, state: frozen && (await isFinished(store, run, frozen)) ? 'completed' : 'stopped' };
  }
  const { startTime, closeTime, typedSearchAttributes: attributes } = info;
  const stage = attributes.get(defineSearchAttributeKey('LwStage', 'KEYWORD'));
  const done = attributes.get(defineSearchAttributeKey('LwDone', 'INT'));
  const total = attributes.get(defineSearchAttributeKey('LwTotal', 'INT'));
  const ended = endedAs(info.status.name);
  const control = ended ? undefined : await findJson(store, controlKey(run), Control);
  return {
    run,
    state: ended ?? (control?.paused ? 'paused' : 'running'),
    ...(stage === undefined ? {} : { stage }),
    ...(done === undefined ? {} : { done }),
    ...(total === undefined ? {} : { total }),
    startedAt: startTime.toISOString(),
    elapsedSeconds: Math.max(0, ((closeTime?.getTime() ?? Date.now()) - startTime.getTime()) / 1000),
  };
}

/** The newest workflow of each run, by its id. */
async function newestWorkflows(client: Client): Promise<Map<string, WorkflowExecutionInfo>> {
  const newest = new Map<string, WorkflowExecutionInfo>();
  for await (const info of client.workflow.list({ query: "WorkflowType = 'runPipeline'", pageSize: 1000 })) {
    const known = newest.get(info.workflowId);
    if (!known || known.startTime < info.startTime) newest.set(info.workflowId, info);
  }
  return newest;
}

/** Runs in columns. */
export function runLines(runs: readonly ListedRun[]): string[] {
  return columns([
    ['run', 'state', 'stage', 'done', 'started', 'took'],
    ...runs.map(({ run, state, stage = '', done, total, startedAt, elapsedSeconds }) => [
      run,
      state,
      stage,
      total ? `${done ?? 0}/${total}` : '',
      startedAt?.slice(0, 16).replace('T', ' ') ?? '',
      elapsedSeconds === undefined ? '' : roughTime(elapsedSeconds),
    ]),
  ]);
}
