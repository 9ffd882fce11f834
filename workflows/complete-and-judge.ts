import { ApplicationFailure, executeChild, getExternalWorkflowHandle } from '@temporalio/workflow';
import type { Fresh, PromptFolder } from '../activities/list-prompts.ts';
import type { RunConfig } from '../configs/schema.ts';
import { addSpendings, NO_SPENDING } from '../domain/cost.ts';
import type { Spending } from '../domain/schemas/call.ts';
import { NO_ITEMS, type ItemCounts } from '../domain/tally.ts';
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
  /** Calls that one judgement may take, about. */
  readonly judgeDraws: number;
  /** What is asked anew, whatever is stored. */
  readonly fresh?: Fresh;
  /** Minutes until a served model must be up. */
  readonly waitLimitMinutes?: number;
  readonly budget: RunConfig['budget'];
}

/**
 * Asks a model for all completions of a folder, then has them judged; returns what that took. What lies as weights is served
 * for that and taken down before the judging; answers that were imported are judged only.
 */
export async function completeAndJudge(input: CompleteAndJudgeInput, prompts: PromptFolder): Promise<Spending> {
  const { run, revision, stage, purpose, model, waitLimitMinutes } = input;
  const { folder, completions, judgements, positions } = prompts;
  const made = prompts.imported?.completions ?? prompts.prompts * completions;
  const works = {
    completions: { count: made, work: { kind: 'completions', folder, completions, ...only(input.fresh?.completions) } },
    judgements: {
      count: made,
      work: {
        kind: 'judgements',
        ...{ folder, completions, judgements, positions },
        ...(prompts.imported ? { imported: true } : {}),
        ...only(input.fresh?.judgements),
      },
    },
  } as const;
  const items: Omit<PartitionInput, 'part' | 'work' | 'group' | 'count' | 'reportEvery'> = {
    run,
    revision,
    stage,
    purpose,
    model: model.identity,
    offset: 0,
    size: input.partitionSize,
    window: input.window,
    maxDraws: input.judgeDraws,
  };
  const groupOf = (kind: 'completions' | 'judgements') => ({
    name: `${model.name}.${kind}`,
    total: works[kind].count,
  });
  const isImported = model.location.kind === 'predictions';
  await announce(run, stage, [...(isImported ? [] : [groupOf('completions')]), groupOf('judgements')]);
  const runPart = (kind: 'completions' | 'judgements') => {
    const group = groupOf(kind);
    const { work, count } = works[kind];
    const reportEvery = Math.ceil(count / REPORTS);
    return withinBudget(input, count, (limits) =>
      startWhenClosed(() =>
        executeChild(partition, {
          workflowId: childId(run, stage, group.name),
          args: [{ ...items, ...limits, count, reportEvery, part: group.name, group, work }],
          staticSummary: `${count} ${kind} of the ${model.name} model`,
        }),
      ),
    );
  };
  const ask = () => runPart('completions');
  const isBehindEndpoint = model.location.kind === 'endpoint';
  const completed = isImported
    ? NO_ITEMS
    : await (isBehindEndpoint ? ask() : whileServed({ run, revision, model, waitLimitMinutes }, ask));
  refuseFailed('completions', completed);
  const judged = await runPart('judgements');
  refuseFailed('judgements', judged);
  return addSpendings(completed.spending, judged.spending);
}

const only = (fresh: string | undefined): { readonly fresh?: string } => (fresh === undefined ? {} : { fresh });

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
