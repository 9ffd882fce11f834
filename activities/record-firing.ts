import { judgeFiring, failuresInARow, type EarlierFiring } from '../domain/firing.ts';
import { fingerprint } from '../domain/fingerprint.ts';
import { firingKey, firingReportKey, historyKey, reportKey, stageKey } from '../domain/keys.ts';
import { Calibration, EvaluationScores, Firing, type FiredModel } from '../domain/schemas/evaluation.ts';
import { StageRecord } from '../domain/schemas/run.ts';
import type { ActivityDeps } from './deps.ts';
import { freezeCalibration } from './freeze-calibration.ts';
import { whileBeating } from './heartbeat.ts';
import { readFirings } from './io/store/firings.ts';
import { findJson, jsonBytes, readJson } from './io/store/json.ts';
import type { Store } from './io/store/store.ts';
import type { RunReference } from './run-files.ts';
import type { StageOutcomes } from './stage-outcomes.ts';

export interface RecordFiringInput extends RunReference {
  readonly schedule: string;
  /** When it was due, ISO 8601. */
  readonly scheduledAt: string;
  readonly endedAt: string;
  /** Why its evaluation failed, where it did. */
  readonly failure?: string | undefined;
}

export interface RecordedFiring extends Pick<Firing, 'outcome' | 'message'> {
  readonly failuresInARow: number;
}

/**
 * Keeps what came of a firing, and draws the history page of all of them anew. Recorded twice, the first record stays and is
 * returned. The first that did not fail freezes completions for calibration. The evaluation that it tells of must have been the run's last one.
 */
export async function recordFiring(deps: ActivityDeps, input: RecordFiringInput): Promise<RecordedFiring> {
  return whileBeating(async () => {
    const { store } = deps;
    const key = firingKey(input.run, input.scheduledAt);
    if (!(await findJson(store, key, Firing)))
      await store.createIfAbsent(key, jsonBytes(await makeFiring(deps, input)));
    const { outcome, message } = await readJson(store, key, Firing);
    const firings = await readFirings(store, input.run);
    // Charts are large, and only this needs them.
    const { renderHistory } = await import('./report/history.ts');
    await store.putView(historyKey(input.run), new TextEncoder().encode(renderHistory(input.schedule, firings)));
    return { outcome, message, failuresInARow: failuresInARow(firings) };
  });
}

async function makeFiring(deps: ActivityDeps, input: RecordFiringInput): Promise<Firing> {
  const { store } = deps;
  const { run, revision, schedule, scheduledAt, endedAt } = input;
  const base = { schedule, scheduledAt, endedAt };
  if (input.failure !== undefined) return { ...base, outcome: 'failed', message: input.failure, models: [] };
  const { outcome } = await readJson(store, stageKey(run, 'evaluate'), StageRecord);
  const evaluated = outcome as StageOutcomes['evaluate'];
  const folders = evaluated.models.map(({ folder }) => folder);
  const scores = await Promise.all(folders.map((folder) => readScores(store, folder)));
  const calibration =
    evaluated.calibration === undefined
      ? undefined
      : await readJson(store, `${evaluated.calibration}/calibration.json`, Calibration);
  await freezeCalibration(deps, { run, revision }, folders);
  const earlier = await findEarlier(store, await readFirings(store, run), scheduledAt, scores);
  return {
    ...base,
    ...judgeFiring(scores, calibration, earlier),
    ...(scores[0] ? { judge: scores[0].judge } : {}),
    models: scores.map((one, index) => firedModel(one, folders[index]!)),
    ...(calibration ? { calibration } : {}),
    ...(await copyReport(store, run, scheduledAt)),
  };
}

/** The last firing before this one that did not fail, by the same judge if there is one such. */
async function findEarlier(
  store: Store,
  firings: readonly Firing[],
  scheduledAt: string,
  now: readonly EvaluationScores[],
): Promise<EarlierFiring | undefined> {
  const earlier = firings
    .filter((one) => one.outcome !== 'failed' && Date.parse(one.scheduledAt) < Date.parse(scheduledAt))
    .toReversed();
  const found =
    earlier.find(({ judge }) => judge && now[0] && fingerprint(judge) === fingerprint(now[0].judge)) ?? earlier[0];
  if (!found) return undefined;
  const scores = await Promise.all(found.models.map(({ folder }) => readScores(store, folder)));
  return { scheduledAt: found.scheduledAt, scores, calibration: found.calibration };
}

/** The report is drawn anew by the next firing; this one's stays beside its record. */
async function copyReport(store: Store, run: string, scheduledAt: string): Promise<{ readonly report?: string }> {
  const bytes = await store.find(reportKey(run));
  if (!bytes) return {};
  const report = firingReportKey(run, scheduledAt);
  await store.putView(report, bytes);
  return { report };
}

const readScores = (store: Store, folder: string): Promise<EvaluationScores> =>
  readJson(store, `${folder}/scores.json`, EvaluationScores);

function firedModel({ model, identity, overall }: EvaluationScores, folder: string): FiredModel {
  const { lengthScore, qualityScore, words, unscored, completions } = overall;
  return { model, identity, folder, lengthScore, qualityScore, overall: overall.overall, words, unscored, completions };
}
