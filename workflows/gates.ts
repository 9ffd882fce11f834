import type { RunConfig } from '../configs/schema.ts';
import { sumCounts } from '../domain/count-by.ts';
import type { FailureType } from '../domain/failures.ts';
import type { ItemCounts } from '../domain/tally.ts';

/** Why a generation may not go on to assembly, or undefined where it may. */
export function gateProblem(
  { rejected, failed }: ItemCounts,
  selected: number,
  gates: RunConfig['gates'],
  acceptFailed: boolean,
): { readonly type: FailureType; readonly message: string } | undefined {
  const failures = sumCounts(failed);
  if (!acceptFailed && failures > gates.maxFailedFraction * selected) {
    return {
      type: 'Run.TooManyFailed',
      message: `${failures} of ${selected} samples failed (${list(failed)}); resume tries them again, resume --accept-failed leaves them out`,
    };
  }
  const rejections = sumCounts(rejected);
  if (rejections > gates.maxRejectedFraction * selected) {
    return {
      type: 'Run.TooManyRejected',
      message: `${rejections} of ${selected} samples were rejected (${list(rejected)}), more than gates.maxRejectedFraction allows`,
    };
  }
  return undefined;
}

function list(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([reason, count]) => `${count} ${reason}`)
    .join(', ');
}
