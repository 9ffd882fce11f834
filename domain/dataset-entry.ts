import type { DatasetSample, Rejection, Split, TextLanguage } from './schemas/dataset.ts';
import type { Instruction } from './schemas/instruction.ts';
import type { RejectionReason, SampleOrigin } from './schemas/sample.ts';

/** `failed`: it was selected, but has no verdict, so that it is in neither file of the dataset. */
export type EntryVerdict = 'kept' | 'rejected' | 'failed';

/** What a dataset says of one sample, whatever became of it; null where it says nothing. */
export interface DatasetEntry {
  readonly sample: string;
  readonly verdict: EntryVerdict;
  readonly reason: RejectionReason | null;
  /** What the filter that left it out measured. */
  readonly detail: string | null;
  readonly split: Split | null;
  readonly row: number | null;
  readonly origin: SampleOrigin | null;
  readonly language: TextLanguage | null;
  readonly required: number | null;
  readonly words: number | null;
  readonly lengthScore: number | null;
  readonly measures: DatasetSample['measures'] | null;
  /** The prompt, without documents; null where the run's instructions do not hold it. */
  readonly instruction: string | null;
}

/** Which entries are wanted; what is absent lets all through. */
export interface EntryFilter {
  readonly kept?: boolean | undefined;
  readonly reasons?: readonly string[] | undefined;
  readonly minWords?: number | undefined;
  readonly maxWords?: number | undefined;
}

/** Every sample of a run once, in the order of its instructions; those that came in otherwise follow. */
export function datasetEntries(
  kept: readonly DatasetSample[],
  rejected: readonly Rejection[],
  instructions: ReadonlyMap<string, Instruction>,
): DatasetEntry[] {
  const rows = new Map<string, DatasetEntry>();
  const instruction = (sample: string): string | null => instructions.get(sample)?.prompt ?? null;
  for (const row of rejected) {
    const none = { split: null, row: null, measures: null };
    rows.set(row.sample, { ...row, ...none, verdict: 'rejected', instruction: instruction(row.sample) });
  }
  for (const row of kept) {
    const none = { reason: null, detail: null };
    rows.set(row.sample, { ...row, ...none, verdict: 'kept', instruction: instruction(row.sample) });
  }
  const inOrder = [...instructions.values()].map(
    ({ id, prompt, length }) => rows.get(id) ?? failed(id, prompt, length),
  );
  return [...inOrder, ...[...rows.values()].filter(({ sample }) => !instructions.has(sample))];
}

/** Whether an entry is wanted; one without a word count is outside every range of words. */
export function isWanted({ verdict, reason, words }: DatasetEntry, filter: EntryFilter): boolean {
  const { kept, reasons, minWords, maxWords } = filter;
  if (kept && verdict !== 'kept') return false;
  if (reasons !== undefined && reasons.length > 0 && (reason === null || !reasons.includes(reason))) return false;
  if (minWords !== undefined && (words === null || words < minWords)) return false;
  return maxWords === undefined || (words !== null && words <= maxWords);
}

function failed(sample: string, instruction: string, length: number | undefined): DatasetEntry {
  return {
    ...{ sample, instruction, verdict: 'failed', required: length ?? null },
    ...{ reason: null, detail: null, split: null, row: null, origin: null, language: null },
    ...{ words: null, lengthScore: null, measures: null },
  };
}
