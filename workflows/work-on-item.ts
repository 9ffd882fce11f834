import { executeChild } from '@temporalio/workflow';
import type { UnfinishedItem } from '../activities/find-unfinished.ts';
import type { JudgeCompletionInput } from '../activities/judge-completion.ts';
import type { CompletionReference } from '../activities/sample-completion.ts';
import { addSpendings, NO_SPENDING } from '../domain/cost.ts';
import { childId } from '../domain/names.ts';
import type { Spending } from '../domain/schemas/call.ts';
import type { ItemResult } from '../domain/tally.ts';
import { failureBehind } from './failures.ts';
import { generateSample } from './generate-sample.ts';
import type { PartitionInput } from './partition.ts';
import { llm } from './proxies.ts';
import { judgeCandidate } from './judge-candidate.ts';
import { drawUntilAccepted, pausable, startWhenClosed } from './steps.ts';

/** Brings one item of a partition to its result; a failure of our list is one, too. */
export async function workOnItem(input: PartitionInput, { id, retry }: UnfinishedItem): Promise<ItemResult> {
  const { run, revision, work, maxDraws } = input;
  if (work.kind === 'samples') {
    const sample = { run, revision, instructions: work.instructions, sample: id, maxDraws };
    return startWhenClosed(() =>
      executeChild(generateSample, {
        workflowId: childId(run, 'sample', id),
        args: [{ ...sample, ...(retry ? { retry } : {}) }],
        staticSummary: `sample ${id}`,
      }),
    );
  }
  if (work.kind === 'selections') return judgeCandidate(input, work.folder, id);
  const [prompt = '', completion = ''] = id.split('-');
  const reference: CompletionReference = {
    run,
    revision,
    purpose: input.purpose ?? 'evaluation',
    folder: work.folder,
    prompt,
    completion: Number(completion),
  };
  const label = `${prompt}, completion ${Number(completion) + 1}`;
  let spending = NO_SPENDING;
  const spend = (more: Spending) => (spending = addSpendings(spending, more));
  try {
    if (work.kind === 'judgements') return await judge(reference, label, maxDraws, spend);
    const made = await pausable(run, () =>
      llm('served').sampleCompletion.executeWithOptions({ summary: `ask ${label}` }, [
        { ...reference, model: input.model ?? '' },
      ]),
    );
    return { verdict: 'kept', ...made };
  } catch (error) {
    const behind = failureBehind(error);
    if (!behind) throw error;
    return { verdict: 'failed', type: behind.type, spending };
  }
}

async function judge(
  reference: CompletionReference,
  label: string,
  maxDraws: number,
  spend: (more: Spending) => Spending,
): Promise<ItemResult> {
  const earlier: string[] = [];
  let spending = NO_SPENDING;
  const outcome = await drawUntilAccepted(maxDraws, async (draw) => {
    const input: JudgeCompletionInput = {
      ...reference,
      draw,
      earlier: [...earlier],
      last: draw + 1 === maxDraws,
    };
    const judged = await pausable(reference.run, () =>
      llm('judge').judgeCompletion.executeWithOptions({ summary: `judge ${label}` }, [input]),
    );
    spending = spend(judged.spending);
    if (!judged.ok) earlier.push(judged.call);
    return judged;
  });
  return outcome.ok && outcome.scored
    ? { verdict: 'kept', spending }
    : { verdict: 'rejected', reason: 'unscored', spending };
}
