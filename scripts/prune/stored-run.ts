import { RunConfig } from '../../configs/schema.ts';
import type { z } from 'zod';
import { CorruptObjectError, findJson } from '../../activities/io/store/json.ts';
import type { Store, StoredObject } from '../../activities/io/store/store.ts';
import { configKey, controlKey, stageKey } from '../../domain/keys.ts';
import { STAGES } from '../../domain/names.ts';
import { Control, StageRecord } from '../../domain/schemas/run.ts';
import { loadAhead } from '../load-ahead.ts';

/** A folder of a run that was derived from other objects, as a listing tells it. */
export interface DerivedFolder {
  /** The part of the run that it belongs to, such as `dataset` or `sft`. */
  readonly kind: string;
  readonly path: string;
  sizeBytes: number;
  objects: number;
  /** Milliseconds since 1970 of its newest object. */
  changedAt: number;
  /** Whether its marker is there; of a training that of its model. */
  isWhole: boolean;
}

/** What of a run lies in the store. */
export interface StoredRun {
  readonly run: string;
  readonly sizeBytes: number;
  readonly objects: number;
  readonly changedAt: number;
  readonly folders: readonly DerivedFolder[];
  /** Checkpoints, each a folder inside that of its training. */
  readonly checkpoints: readonly DerivedFolder[];
  readonly records: readonly StageRecord[];
  /** All of its frozen configurations, oldest first. */
  readonly configs: readonly RunConfig[];
  /** Whether its control object says so. */
  readonly paused: boolean;
  /** What of these could not be read, and why: what the run needs is not known then. */
  readonly trouble?: string;
}

/** Runs whose small objects are read at once. */
const AHEAD = 4;

const DERIVED = /^runs\/[^/]+\/(dataset|sft|dpo|rows|preferences|evaluations|candidates|selections)\/[^/]+/;
const CHECKPOINT = /^runs\/[^/]+\/(?:sft|dpo)\/[^/]+\/checkpoints\/[^/]+/;

/** Reads what the store holds of every run, by a single listing. */
export async function readStoredRuns(store: Store): Promise<StoredRun[]> {
  const found = new Map<string, { folders: Map<string, DerivedFolder>; checkpoints: Map<string, DerivedFolder> }>();
  const totals = new Map<string, { sizeBytes: number; objects: number; changedAt: number }>();
  for await (const object of store.describe('runs')) {
    const run = object.path.split('/')[1]!;
    const { folders, checkpoints } = found.get(run) ?? { folders: new Map(), checkpoints: new Map() };
    found.set(run, { folders, checkpoints });
    const total = totals.get(run) ?? { sizeBytes: 0, objects: 0, changedAt: 0 };
    totals.set(run, add(total, object));
    const [path, kind] = DERIVED.exec(object.path) ?? [];
    if (path === undefined || path === object.path) continue;
    enter(folders, path, kind!, object, object.path === `${path}${isTraining(kind!) ? '/model' : ''}/manifest.json`);
    const [checkpoint] = CHECKPOINT.exec(object.path) ?? [];
    if (checkpoint !== undefined)
      enter(checkpoints, checkpoint, 'checkpoint', object, object.path === `${checkpoint}/manifest.json`);
  }
  const runs: StoredRun[] = [];
  const read = loadAhead(found, AHEAD, async ([run, { folders, checkpoints }]) => ({
    run,
    ...totals.get(run)!,
    folders: [...folders.values()],
    checkpoints: [...checkpoints.values()],
    ...(await readFrozen(store, run)),
  }));
  for await (const run of read) runs.push(run);
  return runs;
}

/** Whether a kind of folder holds trainings, whose marker is that of their model. */
export const isTraining = (kind: string): boolean => kind === 'sft' || kind === 'dpo';

function enter(
  into: Map<string, DerivedFolder>,
  path: string,
  kind: string,
  object: StoredObject,
  isMarker: boolean,
): void {
  const known = into.get(path) ?? { kind, path, sizeBytes: 0, objects: 0, changedAt: 0, isWhole: false };
  into.set(path, add({ ...known, isWhole: known.isWhole || isMarker }, object));
}

function add<T extends Pick<DerivedFolder, 'sizeBytes' | 'objects' | 'changedAt'>>(sum: T, object: StoredObject): T {
  return {
    ...sum,
    sizeBytes: sum.sizeBytes + object.sizeBytes,
    objects: sum.objects + 1,
    changedAt: Math.max(sum.changedAt, object.changedAt),
  };
}

type Frozen = Pick<StoredRun, 'records' | 'configs' | 'paused' | 'trouble'>;

async function readFrozen(store: Store, run: string): Promise<Frozen> {
  let trouble: string | undefined;
  const find = <S extends z.ZodType>(path: string, schema: S): Promise<z.infer<S> | 'unreadable' | undefined> =>
    findJson(store, path, schema).catch((error: unknown) => {
      if (!(error instanceof CorruptObjectError)) throw error;
      trouble ??= error.message;
      return 'unreadable';
    });
  const records = await Promise.all(STAGES.map((stage) => find(stageKey(run, stage), StageRecord)));
  const control = await find(controlKey(run), Control);
  const configs: RunConfig[] = [];
  for (let revision = 1; ; revision++) {
    const config = await find(configKey(run, revision), RunConfig);
    if (config === undefined) break;
    if (config !== 'unreadable') configs.push(config);
  }
  return {
    records: records.filter((record) => record !== undefined && record !== 'unreadable'),
    configs,
    paused: control !== undefined && control !== 'unreadable' && control.paused,
    ...(trouble === undefined ? {} : { trouble }),
  };
}
