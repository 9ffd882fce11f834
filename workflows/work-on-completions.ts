import type { UnfinishedItem } from '../activities/find-unfinished.ts';
import { NO_SPENDING } from '../domain/cost.ts';
import type { ItemResult } from '../domain/tally.ts';
import { failureBehind } from './failures.ts';
import type { PartitionInput } from './partition.ts';
import { llm } from './proxies.ts';
import { pausable } from './steps.ts';

/** A batch is no more than this share of a partition, so that progress shows and a lost activity loses little. */
const BATCH_SHARE = 0.02;
const LARGEST_BATCH = 8;

/**
 * How many completions one activity works on: with one each, Temporal and not the model would be what is waited for where
 * answers take a fifth of a second. One where a budget counts them singly.
 */
export function batchSize({ work, count, allowance }: PartitionInput): number {
  if (allowance || (work.kind !== 'completions' && work.kind !== 'judgements')) return 1;
  return Math.min(LARGEST_BATCH, Math.ceil(count * BATCH_SHARE));
}

/** Has a batch of completions made or judged; a failure of our list is what they came to. */
export async function workOnCompletions(
  { run, revision, work, purpose = 'evaluation', model = '' }: PartitionInput,
  batch: readonly UnfinishedItem[],
): Promise<readonly ItemResult[]> {
  if (work.kind !== 'completions' && work.kind !== 'judgements') throw new TypeError(`${work.kind} are no completions`);
  const items = batch.map(({ id }) => id);
  const input = { run, revision, purpose, folder: work.folder, items, ...(work.fresh ? { fresh: work.fresh } : {}) };
  const label = items.length === 1 ? items[0] : `${items[0]} and ${items.length - 1} more`;
  try {
    if (work.kind === 'judgements') {
      const { judgements, positions } = work;
      return await pausable(run, () =>
        llm('judge').judgeCompletions.executeWithOptions({ summary: `judge ${label}` }, [
          { ...input, judgements, positions },
        ]),
      );
    }
    return await pausable(run, () =>
      llm('served').sampleCompletions.executeWithOptions({ summary: `ask ${label}` }, [{ ...input, model }]),
    );
  } catch (error) {
    const behind = failureBehind(error);
    if (!behind) throw error;
    return items.map(() => ({ verdict: 'failed', type: behind.type, spending: NO_SPENDING }));
  }
}
