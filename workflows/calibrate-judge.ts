import type { Spending } from '../domain/schemas/call.ts';
import { announceParts, CALIBRATION, judgementsOf, workOnPart, type FolderWork } from './folder-part.ts';
import { assembly } from './proxies.ts';
import { pausable } from './steps.ts';

export interface CalibrateJudgeInput extends Omit<FolderWork, 'stage' | 'purpose'> {
  /** The scheduled time from which the judgements must be fresh. */
  readonly fresh?: string;
}

/** The judge's calibration, by its folder, and what it took; no folder where the run has nothing to calibrate it with. */
export interface JudgeCalibration {
  readonly folder?: string;
  readonly spending?: Spending;
}

/**
 * Has completions with frozen judgements judged again, so that drift of the judge is told apart from drift of a model. The
 * answers are other ones than those of any evaluation or other run, or a store that knows them would find no drift ever.
 */
export async function calibrateJudge(input: CalibrateJudgeInput): Promise<JudgeCalibration> {
  const { run, revision, fresh } = input;
  const firing = fresh === undefined ? {} : { fresh };
  const prompts = await pausable(run, () => assembly.prepareCalibration({ run, revision, ...firing }));
  if (!prompts) return {};
  const work: FolderWork = { ...input, stage: 'evaluate', purpose: 'evaluation' };
  const judgements = judgementsOf(CALIBRATION, prompts, `calibration@${fresh ?? run}`);
  await announceParts(work, [judgements]);
  const spending = await workOnPart(work, judgements, '');
  const { folder } = await pausable(run, () => assembly.scoreCalibration({ run, revision, ...prompts }));
  return { folder, spending };
}
