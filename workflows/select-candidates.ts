import { ApplicationFailure, executeChild } from '@temporalio/workflow';
import type { ImportedSamples } from '../activities/import-samples.ts';
import type { ListedCandidates } from '../activities/list-candidates.ts';
import type { StageOutcomes } from '../activities/stage-outcomes.ts';
import type { RunConfig } from '../configs/schema.ts';
import { NO_SPENDING } from '../domain/cost.ts';
import { childId } from '../domain/names.ts';
import type { Spending } from '../domain/schemas/call.ts';
import { tellingStory } from './child.ts';
import { partition, REPORTS } from './partition.ts';
import { assembly } from './proxies.ts';
import { pausable, startWhenClosed } from './steps.ts';
import { withinBudget } from './within-budget.ts';

export interface SelectCandidatesInput {
  readonly run: string;
  readonly revision: number;
  readonly config: RunConfig;
}

/** Selects a run's instructions: the steps on the text alone, a model's verdicts where one is asked, then quotas and limit. */
export async function selectCandidates(
  input: SelectCandidatesInput,
  imported?: ImportedSamples,
): Promise<StageOutcomes['select']> {
  const { run, revision } = input;
  const candidates = await pausable(run, () => assembly.listCandidates({ run, revision }));
  const spending = await judgeCandidates(input, candidates);
  const selected = await pausable(run, () =>
    assembly.selectInstructions({ run, revision, candidates, ...(imported === undefined ? {} : { imported }) }),
  );
  return { ...selected, spending };
}

/** Has a model say of every candidate whether it needs a long text; what it said before is found. */
async function judgeCandidates(
  { run, revision, config }: SelectCandidatesInput,
  { folder, candidates }: ListedCandidates,
): Promise<Spending> {
  const { model } = config.instructions;
  if (!model || candidates === 0) return NO_SPENDING;
  const { window, partitionSize } = config.generation;
  const counts = await withinBudget({ run, revision, budget: config.budget }, candidates, (limits) =>
    startWhenClosed(() =>
      executeChild(partition, {
        workflowId: childId(run, 'select'),
        args: [
          {
            run,
            revision,
            stage: 'select',
            part: 'candidates',
            work: { kind: 'selections', folder },
            endpoint: model.endpoint,
            offset: 0,
            count: candidates,
            // No workflow schedules more than a thousand activities, and a verdict may take several.
            size: Math.min(partitionSize, Math.floor(1000 / model.maxDraws)),
            window,
            maxDraws: model.maxDraws,
            group: { name: 'candidates', total: candidates },
            reportEvery: Math.ceil(candidates / REPORTS),
            ...limits,
          },
        ],
        ...tellingStory({
          ...{ run, stage: 'select', summary: `${candidates} candidates` },
          what: 'Has a model say of every candidate whether it needs a long text.',
          facts: { candidates, folder, revision },
        }),
      }),
    ),
  );
  const types = Object.entries(counts.failed).map(([type, count]) => `${count} ${type}`);
  if (types.length === 0) return counts.spending;
  const message = `${types.join(', ')} of ${candidates} candidates; a resume asks only for the missing ones`;
  throw ApplicationFailure.nonRetryable(message, 'Selection.Failed');
}
