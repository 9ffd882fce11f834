import type { DatasetEntry, EntryVerdict } from './dataset-entry.ts';

/** One dataset of a comparison. */
export interface DifferenceSide {
  readonly entries: readonly DatasetEntry[];
  /** Hash of the training row of each kept sample. */
  readonly rows: ReadonlyMap<string, string>;
}

/** What became of a sample on one side; `absent` where its instruction is not among those of that run. */
export interface Fate {
  readonly verdict: EntryVerdict | 'absent';
  readonly reason: string | null;
  readonly detail: string | null;
  readonly words: number | null;
}

/** A sample that both datasets kept, with the words of each. */
export interface ChangedRow {
  readonly sample: string;
  readonly a: number;
  readonly b: number;
}

/** How two datasets differ, sample by sample; `same` samples have one verdict, one reason, one text and one split. */
export interface DatasetDifference {
  readonly same: number;
  /** Another verdict, or another reason. */
  readonly verdicts: readonly { readonly sample: string; readonly a: Fate; readonly b: Fate }[];
  /** Kept by both, with another row. */
  readonly texts: readonly ChangedRow[];
  /** Kept by both, in another split. */
  readonly splits: readonly { readonly sample: string; readonly a: string; readonly b: string }[];
}

const ABSENT: Fate = { verdict: 'absent', reason: null, detail: null, words: null };

/** Compares two datasets by the ids of their samples, which are hashes of the instructions. */
export function datasetDifference(a: DifferenceSide, b: DifferenceSide): DatasetDifference {
  const [inA, inB] = [bySample(a), bySample(b)];
  const samples = [...new Set([...inA.keys(), ...inB.keys()])];
  const pairs = samples.map((sample) => ({ sample, a: inA.get(sample), b: inB.get(sample) }));
  const verdicts = pairs
    .map((pair) => ({ sample: pair.sample, a: fate(pair.a), b: fate(pair.b) }))
    .filter((pair) => pair.a.verdict !== pair.b.verdict || pair.a.reason !== pair.b.reason);
  const keptByBoth = pairs.filter((pair) => pair.a?.verdict === 'kept' && pair.b?.verdict === 'kept');
  const texts = keptByBoth
    .filter(({ sample }) => a.rows.get(sample) !== b.rows.get(sample))
    .map((pair) => ({ sample: pair.sample, a: pair.a!.words!, b: pair.b!.words! }));
  const splits = keptByBoth
    .map((pair) => ({ sample: pair.sample, a: pair.a!.split!, b: pair.b!.split! }))
    .filter((pair) => pair.a !== pair.b);
  const changed = new Set([...verdicts, ...texts, ...splits].map(({ sample }) => sample));
  return { same: samples.length - changed.size, verdicts, texts, splits };
}

/** What became of a sample, in words: `kept`, `rejected: too-short`. */
export function fateLabel({ verdict, reason }: Pick<Fate, 'verdict' | 'reason'>): string {
  return reason === null ? verdict : `${verdict}: ${reason}`;
}

function bySample({ entries }: DifferenceSide): Map<string, DatasetEntry> {
  return new Map(entries.map((entry) => [entry.sample, entry]));
}

function fate(entry: DatasetEntry | undefined): Fate {
  if (!entry) return ABSENT;
  const { verdict, reason, detail, words } = entry;
  return { verdict, reason, detail, words };
}
