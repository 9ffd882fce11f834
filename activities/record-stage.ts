import { fingerprint } from '../domain/fingerprint.ts';
import { stageKey } from '../domain/keys.ts';
import { STAGES, type Stage } from '../domain/names.ts';
import { StageRecord } from '../domain/schemas/run.ts';
import type { ActivityDeps } from './deps.ts';
import { findJson, jsonBytes } from './io/store/json.ts';

export interface RecordStageInput extends StageRecord {
  readonly run: string;
}

/** Keeps the outcome and the times of a finished stage; walked again with the same outcome, the first times stay. */
export async function recordStage(deps: ActivityDeps, { run, ...record }: RecordStageInput): Promise<void> {
  const known = await findJson(deps.store, stageKey(run, record.stage), StageRecord);
  const same = known && fingerprint(known.outcome) === fingerprint(record.outcome);
  const { revision } = record;
  await deps.store.putView(stageKey(run, record.stage), jsonBytes(same ? { ...known, revision } : record));
}

/** The records of a run's finished stages, in the order of the stages. */
export async function readStages(deps: ActivityDeps, input: { readonly run: string }): Promise<StageRecord[]> {
  const records = await Promise.all(
    STAGES.map((stage: Stage) => findJson(deps.store, stageKey(input.run, stage), StageRecord)),
  );
  return records.filter((record) => record !== undefined);
}
