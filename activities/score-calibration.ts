import { qualityOf } from '../domain/evaluation.ts';
import { fingerprint } from '../domain/fingerprint.ts';
import type { Calibration } from '../domain/schemas/evaluation.ts';
import { estimate } from '../domain/statistics.ts';
import { completionsByPrompt } from './completion-set.ts';
import type { ActivityDeps } from './deps.ts';
import { writeFolder } from './folder.ts';
import { whileBeating } from './heartbeat.ts';
import { jsonBytes, readJson } from './io/store/json.ts';
import { judgeSettings } from './judge-settings.ts';
import type { PromptFolder } from './list-prompts.ts';
import { FrozenScores, frozenScoresKey } from './prepare-calibration.ts';
import type { RunReference } from './run-files.ts';

export interface ScoreCalibrationInput extends RunReference, PromptFolder {}

/** Holds what the judge says now against what was frozen, completion by completion, and writes calibration.json. */
export function scoreCalibration(
  deps: ActivityDeps,
  input: ScoreCalibrationInput,
): Promise<{ readonly folder: string }> {
  return whileBeating(() => writeDrift(deps, input));
}

async function writeDrift(deps: ActivityDeps, input: ScoreCalibrationInput): Promise<{ readonly folder: string }> {
  const config = await deps.files.config(input);
  const { folder, judgements } = input;
  const frozen = await readJson(deps.store, frozenScoresKey(folder), FrozenScores);
  // By prompt: completions of one are no independent witnesses.
  const differences: number[][] = [];
  for await (const rows of completionsByPrompt(deps, input)) {
    const ofPrompt = rows.flatMap((row) => {
      const now = qualityOf(row);
      const before = frozen[`${row.prompt.id}-${row.completion.completion}`];
      return now === undefined || before === undefined ? [] : [now - before];
    });
    differences.push(ofPrompt);
  }
  const completions = Object.keys(frozen).length;
  const calibration: Calibration = {
    judge: await judgeSettings(deps.files, config, judgements),
    completions,
    unscored: completions - differences.flat().length,
    drift: estimate(differences, { resamples: config.evaluation.resamples, seed: config.seed }),
  };
  const { unscored } = calibration;
  const file = { path: 'calibration.json', bytes: jsonBytes(calibration) };
  await writeFolder(deps.store, folder, fingerprint(calibration), [file], { completions, unscored });
  return { folder };
}
