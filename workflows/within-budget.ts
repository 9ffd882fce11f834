import type { RunConfig } from '../configs/schema.ts';
import { budgetOf } from '../domain/cost.ts';
import type { ItemCounts } from '../domain/tally.ts';
import type { PartitionInput } from './partition.ts';
import { waiting } from './proxies.ts';
import { pausable } from './steps.ts';

/**
 * Works on partitions with what is left of the run's budget, until no item is left that it did not let begin. Where it has
 * no room for the smallest of them the run is paused; a resume with more goes on.
 *
 * @param start runs the partition once; what is finished is passed over
 */
export async function withinBudget(
  { run, revision, budget }: { readonly run: string; readonly revision: number; readonly budget: RunConfig['budget'] },
  count: number,
  start: (limits: Pick<PartitionInput, 'allowance' | 'serial'>) => Promise<ItemCounts>,
): Promise<ItemCounts> {
  const unit = budgetOf(budget)?.unit;
  if (!unit) return start({});
  let needed = 0;
  let left = count;
  for (let pass = 0; ; pass++) {
    const { allowance } = await pausable(run, () =>
      waiting.askAllowance.executeWithOptions({ summary: 'what the budget leaves' }, [{ run, revision, needed, left }]),
    );
    const counts = await start({ allowance: { unit, amount: allowance }, ...(pass > 0 ? { serial: true } : {}) });
    if (counts.unpaid.items === 0) return counts;
    needed = counts.unpaid.least;
    left = counts.unpaid.items;
  }
}
