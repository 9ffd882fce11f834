import { createHash } from 'node:crypto';
import { z } from 'zod';
import { fingerprint8 } from '../domain/fingerprint.ts';
import { calibrationFolder, completionKey, frozenCalibrationKey } from '../domain/keys.ts';
import { qualityScore } from '../domain/rubric.ts';
import type { ActivityDeps } from './deps.ts';
import { failure } from './failures.ts';
import { whileBeating } from './heartbeat.ts';
import { importedCompletion } from './import-completions.ts';
import { jsonBytes, jsonLinesBytes } from './io/store/json.ts';
import { StoreError } from './io/store/store.ts';
import { judgingSettings } from './judge-settings.ts';
import type { PromptFolder } from './list-prompts.ts';
import { eachPrediction } from './predictions.ts';
import type { RunReference } from './run-files.ts';

export interface PrepareCalibrationInput extends RunReference {
  /** The scheduled time from which the judgements must be fresh. */
  readonly fresh?: string;
}

/** S_q of each completion when it was frozen, by `<prompt>-<completion>`. */
export const FrozenScores = z.record(z.string(), z.number().min(0).max(100));

/** A store path, inside a calibration's folder, of the scores that were frozen. */
export const frozenScoresKey = (folder: string): string => `${folder}/frozen.json`;

/**
 * Writes the completions that a run's judge is calibrated with, to be judged again: those of `evaluation.calibration`, or
 * else those that its schedule froze; null where there are neither. Fails with Predictions.Invalid, which names the line.
 */
export function prepareCalibration(deps: ActivityDeps, input: PrepareCalibrationInput): Promise<PromptFolder | null> {
  return whileBeating(() => writeCalibration(deps, input));
}

async function writeCalibration(
  deps: ActivityDeps,
  { fresh = '', ...run }: PrepareCalibrationInput,
): Promise<PromptFolder | null> {
  const config = await deps.files.config(run);
  const { calibration, judgements } = config.evaluation;
  const key = calibration ?? frozenCalibrationKey(run.run);
  const bytes = await deps.store.find(key);
  if (!bytes) {
    if (calibration === undefined) return null;
    throw new StoreError('Missing', `${key} is not in store ${deps.store.url}`);
  }
  const content = createHash('sha256').update(bytes).digest('hex');
  const hash = fingerprint8({ content, judge: judgingSettings(config), judgements, fresh });
  const folder = calibrationFolder(run.run, hash);
  const frozen: z.infer<typeof FrozenScores> = {};
  const { prompts, answers, completions } = await eachPrediction(deps, { key }, async (answer) => {
    const { id, completion, scores } = answer;
    if (!scores) throw failure('Predictions.Invalid', `${key}: answer ${completion + 1} of prompt ${id} has no scores`);
    frozen[`${id}-${completion}`] = qualityScore(scores);
    await deps.store.putView(completionKey(folder, id, completion), jsonBytes(await importedCompletion(answer)));
  });
  await deps.store.putView(frozenScoresKey(folder), jsonBytes(frozen));
  await deps.store.putView(`${folder}/prompts.jsonl`, jsonLinesBytes(prompts));
  const imported = { completions: answers, judged: false };
  return { folder, prompts: prompts.length, completions, judgements, positions: false, imported };
}
