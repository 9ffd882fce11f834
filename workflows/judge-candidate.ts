import type { JudgeInstructionInput } from '../activities/judge-instruction.ts';
import { addSpendings, NO_SPENDING } from '../domain/cost.ts';
import type { ItemResult } from '../domain/tally.ts';
import { failureBehind } from './failures.ts';
import type { PartitionInput } from './partition.ts';
import { llm } from './proxies.ts';
import { drawUntilAccepted, pausable } from './steps.ts';

/** Brings one candidate to a model's verdict; one that cannot be read after all draws leaves it out. */
export async function judgeCandidate(
  { run, revision, maxDraws, endpoint = 'judge' }: PartitionInput,
  folder: string,
  item: string,
): Promise<ItemResult> {
  const earlier: string[] = [];
  let spending = NO_SPENDING;
  try {
    const outcome = await drawUntilAccepted(maxDraws, async (draw) => {
      const input: JudgeInstructionInput = {
        run,
        revision,
        folder,
        item,
        draw,
        earlier: [...earlier],
        last: draw + 1 === maxDraws,
      };
      const judged = await pausable(run, () =>
        llm(endpoint).judgeInstruction.executeWithOptions({ summary: `judge instruction ${item}` }, [input]),
      );
      spending = addSpendings(spending, judged.spending);
      if (!judged.ok) earlier.push(judged.call);
      return judged;
    });
    if (outcome.ok && outcome.needsLongText === true) return { verdict: 'kept', spending };
    const reason = outcome.ok && outcome.needsLongText === false ? 'no-long-text' : 'unreadable';
    return { verdict: 'rejected', reason, spending };
  } catch (error) {
    const behind = failureBehind(error);
    if (!behind) throw error;
    return { verdict: 'failed', type: behind.type, spending };
  }
}
