import { ApplicationFailure, executeChild } from '@temporalio/workflow';
import type { PromptFolder } from '../activities/list-prompts.ts';
import type { ItemCounts } from '../activities/stage-outcomes.ts';
import { childId, type Stage } from '../domain/names.ts';
import type { ModelReference } from '../domain/schemas/run.ts';
import { partition, type PartitionInput } from './partition.ts';
import { startWhenClosed } from './steps.ts';
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
export async function completeAndJudge(input: CompleteAndJudgeInput, prompts: PromptFolder): Promise<void> {
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
    const work = { kind, folder: prompts.folder, completions: prompts.completions };
    // No workflow schedules more than a thousand activities, and a judgement may take several.
    const size = kind === 'judgements' ? Math.min(items.size, Math.floor(1000 / input.judgeDraws)) : items.size;
    return startWhenClosed(() =>
      executeChild(partition, {
        workflowId: childId(run, stage, part),
        args: [{ ...items, size, part, work }],
        staticSummary: `${items.count} ${kind} of the ${model.name} model`,
      }),
    );
  };
  refuseFailed('completions', await whileServed({ run, revision, model }, () => runPart('completions')));
  refuseFailed('judgements', await runPart('judgements'));
}

/** Fails with Completions.Failed where an item failed: a mean over the others would say less than it seems to. */
function refuseFailed(kind: string, { kept, failed }: ItemCounts): void {
  const types = Object.entries(failed).map(([type, count]) => `${count} ${type}`);
  if (types.length === 0) return;
  const message = `${types.join(', ')} of the ${kind} (${kept} went well); a resume asks only for the missing ones`;
  throw ApplicationFailure.nonRetryable(message, 'Completions.Failed');
}
