import { executeChild } from '@temporalio/workflow';
import type { UnfinishedItem } from '../activities/find-unfinished.ts';
import { childId } from '../domain/names.ts';
import type { ItemResult } from '../domain/tally.ts';
import { tellingStory } from './child.ts';
import { generateSample } from './generate-sample.ts';
import type { PartitionInput } from './partition.ts';
import { workOnCompletions } from './work-on-completions.ts';
import { judgeCandidate } from './judge-candidate.ts';
import { startWhenClosed } from './steps.ts';

/** Brings one item of a partition to its result; a failure of our list is one, too. */
export async function workOnItem(input: PartitionInput, { id, retry }: UnfinishedItem): Promise<ItemResult> {
  const { run, revision, work, maxDraws } = input;
  if (work.kind === 'samples') {
    const sample = { run, revision, instructions: work.instructions, sample: id, maxDraws };
    return startWhenClosed(() =>
      executeChild(generateSample, {
        workflowId: childId(run, 'sample', id),
        args: [{ ...sample, ...(retry ? { retry } : {}) }],
        ...tellingStory({
          ...{ run, stage: 'generate', summary: `sample ${id}` },
          what: 'Plans one sample, writes its sections in order, joins and filters them.',
          facts: { sample: id, revision, 'draws of a step': maxDraws },
        }),
      }),
    );
  }
  if (work.kind === 'selections') return judgeCandidate(input, work.folder, id);
  const [result] = await workOnCompletions(input, [{ id }]);
  return result!;
}
