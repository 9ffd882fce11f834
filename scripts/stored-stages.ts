import type { WorkflowExecutionDescription } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import { z } from 'zod';
import { findJson } from '../activities/io/store/json.ts';
import type { Store } from '../activities/io/store/store.ts';
import type { RunConfig } from '../configs/schema.ts';
import { NO_SPENDING } from '../domain/cost.ts';
import { stageKey } from '../domain/keys.ts';
import { gateLine } from '../domain/model-gate.ts';
import { STAGES, type Stage } from '../domain/names.ts';
import type { StageProgress } from '../domain/progress.ts';
import { Spending } from '../domain/schemas/call.ts';
import { ModelGate } from '../domain/schemas/probe.ts';
import { StageRecord } from '../domain/schemas/run.ts';
import { selectionLine } from '../domain/selection.ts';
import { reasonsOf } from '../domain/tally.ts';
import { isWithin, lastMemo, walkAlone } from './runs.ts';

const SelectionCounts = z.object({ selected: z.number(), read: z.number(), leftOut: z.record(z.string(), z.number()) });
const Counted = z.object({
  kept: z.number(),
  rejected: z.record(z.string(), z.number()),
  failed: z.record(z.string(), z.number()),
  words: z.number(),
  spending: Spending,
});

const NOTHING = { done: 0, total: 0, detail: '', seconds: 0, words: 0, spending: NO_SPENDING } as const;

/** A run's stages by their records, and the one under way by its workflow's search attributes: for when no worker answers. */
export async function storedStages(
  store: Store,
  run: string,
  config: RunConfig | undefined,
  description: WorkflowExecutionDescription | undefined,
): Promise<StageProgress[]> {
  const records = await Promise.all(STAGES.map((stage) => findJson(store, stageKey(run, stage), StageRecord)));
  const alone = config && walkAlone(config);
  const { from, until } = alone ?? { from: STAGES[0], until: lastMemo(description).until ?? STAGES.at(-1)! };
  const current = description?.status.name === 'RUNNING' ? underWay(description, records) : undefined;
  return STAGES.map((stage, index) => {
    if (current?.stage === stage) return current;
    const record = records[index];
    if (record) return finished(record);
    return { ...NOTHING, stage, state: isWithin({ from, until }, stage) ? 'waiting' : 'skipped' };
  });
}

function finished({ stage, startedAt, endedAt, outcome }: StageRecord): StageProgress {
  const seconds = (Date.parse(endedAt) - Date.parse(startedAt)) / 1000;
  const told = { ...NOTHING, stage, state: 'done' as const, seconds, detail: storedDetail(stage, outcome) };
  const counted = Counted.safeParse(outcome);
  if (!counted.success) return told;
  const { kept, rejected, failed, words, spending } = counted.data;
  const reasons = reasonsOf({ rejected, failed });
  const done = kept + Object.values(reasons).reduce((sum, count) => sum + count, 0);
  return { ...told, done, total: done, words, spending, reasons };
}

/** The stage that the workflow is at, as it noted it where the server can say it without a worker. */
function underWay(
  { typedSearchAttributes: attributes, startTime }: WorkflowExecutionDescription,
  records: readonly (StageRecord | undefined)[],
): StageProgress | undefined {
  const stage = STAGES.find((one) => one === attributes.get(defineSearchAttributeKey('LwStage', 'KEYWORD')));
  if (!stage) return undefined;
  const done = attributes.get(defineSearchAttributeKey('LwDone', 'INT')) ?? 0;
  const total = attributes.get(defineSearchAttributeKey('LwTotal', 'INT')) ?? 0;
  const before = records.slice(0, STAGES.indexOf(stage)).map((record) => Date.parse(record?.endedAt ?? ''));
  const began = Math.max(startTime.getTime(), ...before.filter((time) => !Number.isNaN(time)));
  return { ...NOTHING, stage, state: 'running', done, total, seconds: (Date.now() - began) / 1000 };
}

/** What a finished stage is told by, from its record. */
function storedDetail(stage: Stage, outcome: unknown): string {
  const selection = SelectionCounts.safeParse(outcome);
  if (stage === 'select') return selection.success ? selectionLine(selection.data) : '';
  const gate = gateOf(outcome);
  return gate ? gateLine(gate) : '';
}

const Gated = z.object({ gate: ModelGate });

/** What the gate behind a training measured, of the outcome that its stage recorded; undefined where there was none. */
export function gateOf(outcome: unknown): ModelGate | undefined {
  return Gated.safeParse(outcome).data?.gate;
}
