import type { GeneralSource } from '../configs/schema.ts';
import type { FailureType } from '../domain/failures.ts';
import type { SftRow } from '../domain/schemas/dataset.ts';
import type { PreferenceRow } from '../domain/schemas/preference.ts';
import { failure } from './failures.ts';
import { LineFileWriter } from './io/rows/line-file.ts';
import { formOf, readRows } from './io/rows/read-rows.ts';
import type { Store } from './io/store/store.ts';
import { openSeededRows, type SeededRows } from './seeded-rows.ts';

/** Rows that are mixed in from one file of the user's: JSON a line, in seeded order. */
export interface GeneralRows extends SeededRows {
  readonly taken: number;
  /** Rows that the configuration asked for; the file may have fewer. */
  readonly asked: number;
}

/** What the rows of a general file are. */
export interface GeneralForm {
  readonly columns: readonly string[];
  /** The row in a row of somebody else's, or what is wrong with it. */
  readonly read: (row: Readonly<Record<string, unknown>>) => SftRow | PreferenceRow | { readonly problem: string };
  /** How a row fails that is none. */
  readonly invalid: FailureType;
}

/**
 * Takes rows of a general file: the first ones of its seeded order, so that more of them are these and others.
 *
 * Fails as the form says, with a message that names the row, where one is none.
 * @param place `ours` rows for a ratio; `local` is the beginning of the names of local files to work with
 */
export async function takeGeneralRows(
  store: Store,
  { file, rows, ratio }: GeneralSource,
  form: GeneralForm,
  { seed, ours, local }: { readonly seed: number; readonly ours: number; readonly local: string },
): Promise<GeneralRows> {
  const fetched = `${local}.source`;
  await store.download(file, fetched);
  const spool = `${local}.jsonl`;
  const writer = new LineFileWriter(spool);
  try {
    for await (const row of readRows(fetched, await formOf(fetched), { columns: form.columns })) {
      const read = 'problem' in row ? row : form.read(row.value);
      if ('problem' in read) throw failure(form.invalid, `${file}:${row.line}: ${read.problem}`);
      await writer.write(JSON.stringify(read));
    }
  } catch (error) {
    writer.discard();
    throw error;
  }
  const written = await writer.close();
  const asked = rows ?? (ratio === undefined ? written : Math.round(ratio * ours));
  const taken = Math.min(asked, written);
  return { taken, asked, ...(await openSeededRows(spool, written, seed, taken)) };
}
