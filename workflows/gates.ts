import type { StageOutcomes } from '../activities/stage-outcomes.ts';
import type { RunConfig } from '../configs/schema.ts';
import { sumCounts } from '../domain/count-by.ts';
import type { FailureType } from '../domain/failures.ts';
import { gateReason } from '../domain/model-gate.ts';
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

/** Why a run may not go on with a model that it trained, or undefined where it may. */
export function promotionProblem(
  run: string,
  made: Partial<Pick<StageOutcomes, 'sft' | 'dpo'>>,
  { promote }: RunConfig['gates']['model'],
): { readonly type: FailureType; readonly message: string } | undefined {
  // A model that was given has no gate.
  const failed = [made.sft, made.dpo].find((training) => training?.gate?.passed === false);
  if (!failed || promote === 'always') return undefined;
  const { gate, folder, model } = failed;
  const why = gate.reasons.map((reason) => gateReason(reason, gate.trained)).join('; ');
  return {
    type: 'Training.Regressed',
    message:
      `the ${model.name} model fails the gate on ${gate.trained.answers} short prompts: ${why}. It is kept in ${folder}/model; ` +
      `to go on with it as it is: longwriter resume ${run} --config FILE --set gates.model.promote=always`,
  };
}

function list(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([reason, count]) => `${count} ${reason}`)
    .join(', ');
}
