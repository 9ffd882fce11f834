import { frozenCalibrationKey } from '../domain/keys.ts';
import { judgedRow } from '../domain/judged-row.ts';
import { completionsByPrompt } from './completion-set.ts';
import type { ActivityDeps } from './deps.ts';
import { jsonLinesBytes } from './io/store/json.ts';
import type { RunReference } from './run-files.ts';

/** Completions that are frozen: enough to see a drift of some points, few enough to be judged again at each firing. */
const FROZEN = 20;

/**
 * Freezes judged completions of these folders, spread over models and prompts since benchmarks are sorted by length, for the judge of later firings to be held against. Nothing
 * where the run names a calibration of its own, or has frozen some: what is frozen never changes.
 */
export async function freezeCalibration(
  deps: ActivityDeps,
  reference: RunReference,
  folders: readonly string[],
): Promise<void> {
  const { calibration, completions, judgements } = (await deps.files.config(reference)).evaluation;
  const key = frozenCalibrationKey(reference.run);
  if (calibration !== undefined || (await deps.store.find(key))) return;
  const rows: object[] = [];
  for (const folder of folders) {
    for await (const made of completionsByPrompt(deps, { folder, completions, judgements, positions: false })) {
      rows.push(...made.slice(0, 1).flatMap((one) => judgedRow(one) ?? []));
    }
  }
  const step = Math.max(1, rows.length / FROZEN);
  const chosen = Array.from({ length: Math.min(FROZEN, rows.length) }, (_, index) => rows[Math.floor(index * step)]!);
  if (chosen.length > 0) await deps.store.createIfAbsent(key, jsonLinesBytes(chosen));
}
