import { ApplicationFailure, executeChild, getExternalWorkflowHandle } from '@temporalio/workflow';
import type { PromptFolder } from '../activities/list-prompts.ts';
import type { RunConfig } from '../configs/schema.ts';
import { addSpendings, NO_SPENDING } from '../domain/cost.ts';
import type { Spending } from '../domain/schemas/call.ts';
import type { ItemCounts } from '../domain/tally.ts';
import { childId, type Stage } from '../domain/names.ts';
import type { ModelReference } from '../domain/schemas/run.ts';
import { progressSignal } from './messages.ts';
import { partition, REPORTS, type PartitionInput } from './partition.ts';
import { startWhenClosed } from './steps.ts';
import { whileServed } from './while-served.ts';
import { withinBudget } from './within-budget.ts';

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
  readonly budget: RunConfig['budget'];
}

/** Asks the served model for all completions of a folder, takes it down, then has them judged; returns what that took. */
export async function completeAndJudge(input: CompleteAndJudgeInput, prompts: PromptFolder): Promise<Spending> {
  const { run, revision, stage, purpose, model } = input;
  const count = prompts.prompts * prompts.completions;
  const items: Omit<PartitionInput, 'part' | 'work' | 'group'> = {
    run,
    revision,
    stage,
    purpose,
    model: model.identity,
    offset: 0,
    count,
    size: input.partitionSize,
    window: input.window,
    maxDraws: input.judgeDraws,
    reportEvery: Math.ceil(count / REPORTS),
  };
  const groupOf = (kind: 'completions' | 'judgements') => ({ name: `${model.name}.${kind}`, total: count });
  await announce(run, stage, [groupOf('completions'), groupOf('judgements')]);
  const runPart = (kind: 'completions' | 'judgements') => {
    const group = groupOf(kind);
    const work = { kind, folder: prompts.folder, completions: prompts.completions };
    // No workflow schedules more than a thousand activities, and a judgement may take several.
    const size = kind === 'judgements' ? Math.min(items.size, Math.floor(1000 / input.judgeDraws)) : items.size;
    return withinBudget(input, count, (limits) =>
      startWhenClosed(() =>
        executeChild(partition, {
          workflowId: childId(run, stage, group.name),
          args: [{ ...items, ...limits, size, part: group.name, group, work }],
          staticSummary: `${count} ${kind} of the ${model.name} model`,
        }),
      ),
    );
  };
  const completions = await whileServed({ run, revision, model }, () => runPart('completions'));
  refuseFailed('completions', completions);
  const judgements = await runPart('judgements');
  refuseFailed('judgements', judgements);
  return addSpendings(completions.spending, judgements.spending);
}

/** Tells the run how much there is to do, before any of it begins. */
async function announce(run: string, stage: Stage, groups: readonly PartitionInput['group'][]): Promise<void> {
  for (const { name, total } of groups) {
    const report = { stage, group: name, total, part: name, done: 0, words: 0, spending: NO_SPENDING, detail: '' };
    await getExternalWorkflowHandle(run)
      .signal(progressSignal, report)
      .catch(() => undefined);
  }
}

/** Fails with Completions.Failed where an item failed: a mean over the others would say less than it seems to. */
function refuseFailed(kind: string, { kept, failed }: ItemCounts): void {
  const types = Object.entries(failed).map(([type, count]) => `${count} ${type}`);
  if (types.length === 0) return;
  const message = `${types.join(', ')} of the ${kind} (${kept} went well); a resume asks only for the missing ones`;
  throw ApplicationFailure.nonRetryable(message, 'Completions.Failed');
}
