import { executeChild } from '@temporalio/workflow';
import type { PromptFolder } from '../activities/list-prompts.ts';
import type { ItemCounts } from '../activities/stage-outcomes.ts';
import { childId, type Stage } from '../domain/names.ts';
import type { ModelReference } from '../domain/schemas/run.ts';
import { partition, type PartitionInput } from './partition.ts';
import { whileServed } from './while-served.ts';

/** What completing and judging a folder of prompts needs to know. */
export interface CompleteAndJudgeInput {
  readonly run: string;
  readonly revision: number;
  readonly stage: Stage;
  readonly purpose: 'preferences' | 'evaluation';
  readonly model: ModelReference;
  readonly window: number;
  readonly partitionSize: number;
  readonly judgeDraws: number;
}

/** Asks the served model for all completions of a folder, takes it down, then has them judged. */
export async function completeAndJudge(
  input: CompleteAndJudgeInput,
  prompts: PromptFolder,
): Promise<{ judged: ItemCounts }> {
  const { run, revision, stage, purpose, model } = input;
  const items: Omit<PartitionInput, 'part' | 'work'> = {
    run,
    revision,
    stage,
    purpose,
    model: model.identity,
    offset: 0,
    count: prompts.prompts * prompts.completions,
    size: input.partitionSize,
    window: input.window,
    maxDraws: input.judgeDraws,
  };
  const runPart = (kind: 'completions' | 'judgements') => {
    const part = `${model.name}.${kind}`;
    return executeChild(partition, {
      workflowId: childId(run, stage, part),
      args: [{ ...items, part, work: { kind, folder: prompts.folder, completions: prompts.completions } }],
      staticSummary: `${items.count} ${kind} of the ${model.name} model`,
    });
  };
  await whileServed({ run, revision, model }, () => runPart('completions'));
  return { judged: await runPart('judgements') };
}
