import { ApplicationFailure, executeChild, getExternalWorkflowHandle } from '@temporalio/workflow';
import type { PartitionWork } from '../activities/find-unfinished.ts';
import type { PromptFolder } from '../activities/list-prompts.ts';
import type { RunConfig } from '../configs/schema.ts';
import { NO_SPENDING } from '../domain/cost.ts';
import { childId, type Stage } from '../domain/names.ts';
import type { Spending } from '../domain/schemas/call.ts';
import type { ItemCounts } from '../domain/tally.ts';
import { tellingStory } from './child.ts';
import { progressSignal } from './messages.ts';
import { partition, REPORTS } from './partition.ts';
import { startWhenClosed } from './steps.ts';
import { withinBudget } from './within-budget.ts';

/** What working on a folder of prompts needs to know. */
export interface FolderWork {
  readonly run: string;
  readonly revision: number;
  readonly stage: Stage;
  readonly purpose: 'preferences' | 'evaluation';
  readonly window: number;
  readonly partitionSize: number;
  /** Calls that one judgement may take, about. */
  readonly judgeDraws: number;
  readonly budget: RunConfig['budget'];
}

/** All completions of a folder, or the judgements of all of them. */
export interface FolderPart {
  /** Whose they are: the name of a model, or CALIBRATION. */
  readonly of: string;
  /** Completions. */
  readonly count: number;
  readonly work: Extract<PartitionWork, { kind: 'completions' | 'judgements' }>;
}

/** All judgements of a folder's completions. */
export function judgementsOf(of: string, prompts: PromptFolder, fresh: string | undefined): FolderPart {
  const { folder, completions, judgements, positions } = prompts;
  return {
    of,
    count: prompts.imported?.completions ?? prompts.prompts * completions,
    work: {
      kind: 'judgements',
      ...{ folder, completions, judgements, positions },
      ...(prompts.imported ? { imported: true } : {}),
      ...(fresh === undefined ? {} : { fresh }),
    },
  };
}

const groupOf = ({ of, work, count }: FolderPart) => ({ name: `${of}.${work.kind}`, total: count });

/**
 * Works on a part with what is left of the run's budget; what is finished is passed over. Fails with Completions.Failed where
 * an item failed: a mean over the others would say less than it seems to.
 *
 * @param model identity of the model that is asked for completions
 */
export async function workOnPart(input: FolderWork, part: FolderPart, model: string): Promise<Spending> {
  const { run, revision, stage, purpose, partitionSize: size, window, judgeDraws: maxDraws } = input;
  const { count, work, of } = part;
  const group = groupOf(part);
  const items = { run, revision, stage, purpose, model, offset: 0, size, window, maxDraws };
  const counts = await withinBudget(input, count, (limits) =>
    startWhenClosed(() =>
      executeChild(partition, {
        workflowId: childId(run, stage, group.name),
        args: [{ ...items, ...limits, count, reportEvery: Math.ceil(count / REPORTS), part: group.name, group, work }],
        ...tellingStory({
          ...{ run, stage, model: of },
          summary: `${count} ${work.kind} of the ${of === CALIBRATION ? 'calibration' : `${of} model`}`,
          what: `Brings all ${work.kind} of a folder to a result; what is finished is passed over.`,
          facts: { items: count, folder: work.folder, 'at once': window },
        }),
      }),
    ),
  );
  refuseFailed(work.kind, counts);
  return counts.spending;
}

/** Whose judgements those of a calibration are; no model's name has a dot. */
export const CALIBRATION = 'judge.calibration';

/** Tells the run how much there is to do, before any of it begins. */
export async function announceParts({ run, stage }: FolderWork, parts: readonly FolderPart[]): Promise<void> {
  for (const { name, total } of parts.map(groupOf)) {
    const report = { stage, group: name, total, part: name, done: 0, words: 0, spending: NO_SPENDING, detail: '' };
    await getExternalWorkflowHandle(run)
      .signal(progressSignal, report)
      .catch(() => undefined);
  }
}

function refuseFailed(kind: string, { kept, failed }: ItemCounts): void {
  const types = Object.entries(failed).map(([type, count]) => `${count} ${type}`);
  if (types.length === 0) return;
  const message = `${types.join(', ')} of the ${kind} (${kept} went well); a resume asks only for the missing ones`;
  throw ApplicationFailure.nonRetryable(message, 'Completions.Failed');
}
