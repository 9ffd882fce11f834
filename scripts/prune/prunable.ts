import { STORE_MODEL, type Stage } from '../../domain/names.ts';
import { isTraining, type DerivedFolder, type StoredRun } from './stored-run.ts';

/** Something that may go: a folder of the store or of this machine, with what that frees and why. */
export interface Prunable {
  readonly where: 'store' | 'machine';
  readonly path: string;
  readonly why: string;
  readonly sizeBytes: number;
  readonly objects: number;
}

/** The stage whose record names a folder of each kind; of the others only the newest is kept. */
const STAGE_OF: Readonly<Record<string, Stage>> = {
  dataset: 'dataset',
  sft: 'sft',
  dpo: 'dpo',
  preferences: 'preferences',
  evaluations: 'evaluate',
};

/**
 * What may go of a run that is not under way, and is no schedule's: half-written folders, checkpoints of finished
 * trainings, and folders that a later walk of the same stage has superseded. A folder that is newer than the record of
 * its stage may be a walk that was cut off, and stays.
 *
 * @param needed store folders that others name, such as a model that another run begins from
 * @param allModels whether any model may be needed
 */
export function prunableFolders(run: StoredRun, needed: ReadonlySet<string>, allModels: boolean): Prunable[] {
  const named = new Set(run.records.flatMap(({ outcome }) => pathsIn(outcome)));
  const isNeeded = ({ path, kind, isWhole }: DerivedFolder): boolean =>
    (allModels && isTraining(kind) && isWhole) ||
    [...named, ...needed].some((one) => one === path || one.startsWith(`${path}/`));
  const going = run.folders.flatMap((folder): Prunable[] => {
    if (isNeeded(folder)) return [];
    const why = isSuperseded(run, folder) ? 'superseded' : isHalfWritten(folder) ? 'half-written' : undefined;
    return why === undefined ? [] : [prunable(folder, why)];
  });
  const checkpoints = run.checkpoints.flatMap((checkpoint): Prunable[] => {
    const training = run.folders.find(({ path }) => checkpoint.path.startsWith(`${path}/`))!;
    if (going.some(({ path }) => path === training.path)) return [];
    if (training.isWhole) return [prunable(checkpoint, 'checkpoint of a finished training')];
    return checkpoint.isWhole ? [] : [prunable(checkpoint, 'half-written')];
  });
  return [...going, ...checkpoints];
}

/** Store folders of models that frozen configurations name: another run begins from them, or measures them. */
export function modelsOf(configs: StoredRun['configs']): string[] {
  return textsIn(configs).flatMap((text) => (text.startsWith(STORE_MODEL) ? [text.slice(STORE_MODEL.length)] : []));
}

/** The run whose configurations or records cannot be read, and may therefore name any model; undefined where all can be. */
export const unreadable = (runs: readonly StoredRun[]): StoredRun | undefined => runs.find(({ trouble }) => trouble);

/** Whether a run is that of a schedule, whose firings are compared with one another for ever. */
export const isSchedule = ({ configs }: StoredRun): boolean => configs.at(-1)?.evaluation.alone?.firing !== undefined;

function isSuperseded(run: StoredRun, { kind, path, changedAt }: DerivedFolder): boolean {
  const stage = STAGE_OF[kind];
  if (stage === undefined)
    return run.folders.some((other) => other.kind === kind && other.path !== path && other.changedAt > changedAt);
  const record = run.records.find((one) => one.stage === stage);
  return record !== undefined && changedAt < Date.parse(record.endedAt);
}

/** A training without a model is no leftover: its checkpoints were paid for, and a resume goes on from them. */
function isHalfWritten({ kind, isWhole }: DerivedFolder): boolean {
  return !isWhole && !isTraining(kind) && kind !== 'candidates' && kind !== 'selections';
}

function prunable({ path, sizeBytes, objects }: DerivedFolder, why: string): Prunable {
  return { where: 'store', path, why, sizeBytes, objects };
}

const pathsIn = (value: unknown): string[] => textsIn(value).filter((text) => text.startsWith('runs/'));

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
