import { executeChild } from '@temporalio/workflow';
import type { UnfinishedItem } from '../activities/find-unfinished.ts';
import type { CompletionReference } from '../activities/sample-completion.ts';
import { NO_SPENDING } from '../domain/cost.ts';
import { childId, POSITIONS } from '../domain/names.ts';
import type { ItemResult } from '../domain/tally.ts';
import { failureBehind } from './failures.ts';
import { generateSample } from './generate-sample.ts';
import type { PartitionInput } from './partition.ts';
import { llm } from './proxies.ts';
import { judgeCandidate } from './judge-candidate.ts';
import { pausable, startWhenClosed } from './steps.ts';

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
  const [prompt = '', completion = '', judgement = ''] = id.split('-');
  const reference: CompletionReference = {
    run,
    revision,
    purpose: input.purpose ?? 'evaluation',
    folder: work.folder,
    prompt,
    completion: Number(completion),
  };
  const fresh = work.fresh === undefined ? {} : { fresh: work.fresh };
  const label = `${prompt}, completion ${Number(completion) + 1}`;
  try {
    if (work.kind === 'judgements') {
      const name = judgement === POSITIONS ? POSITIONS : Number(judgement);
      const which = name === POSITIONS ? 'by windows' : `judgement ${name + 1}`;
      const { scored, spending } = await pausable(run, () =>
        llm('judge').judgeCompletion.executeWithOptions({ summary: `judge ${label}, ${which}` }, [
          { ...reference, ...fresh, judgement: name },
        ]),
      );
      return scored ? { verdict: 'kept', spending } : { verdict: 'rejected', reason: 'unscored', spending };
    }
    const made = await pausable(run, () =>
      llm('served').sampleCompletion.executeWithOptions({ summary: `ask ${label}` }, [
        { ...reference, ...fresh, model: input.model ?? '' },
      ]),
    );
    return { verdict: 'kept', ...made };
  } catch (error) {
    const behind = failureBehind(error);
    if (!behind) throw error;
    return { verdict: 'failed', type: behind.type, spending: NO_SPENDING };
  }
}
