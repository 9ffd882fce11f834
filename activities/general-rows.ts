import type { RunConfig } from '../configs/schema.ts';
import { readMessages } from '../domain/schemas/dataset.ts';
import { failure } from './failures.ts';
import { LineFileWriter, LineIndex } from './io/rows/line-file.ts';
import { formOf, readRows } from './io/rows/read-rows.ts';
import type { Store } from './io/store/store.ts';
import { orderKey, sortedByKey } from './seeded-order.ts';

/** General SFT rows that a dataset takes from one file of the user's, in seeded order. */
export interface GeneralRows {
  readonly taken: number;
  /** Rows that the configuration asked for; the file may have fewer. */
  readonly asked: number;
  /** Key of each taken row, rising. */
  readonly keys: Float64Array;
  /** The taken row of a place, as a line of JSON. */
  read(place: number): Promise<string>;
  close(): Promise<void>;
}

/**
 * Takes rows of a general file: the first ones of its seeded order, so that more of them are these and others.
 *
 * Fails with Dataset.Invalid, which names the row, where one is not a list of messages.
 * @param kept long texts of the train split, for a ratio
 * @param local beginning of the names of local files to work with
 */
export async function takeGeneralRows(
  store: Store,
  source: RunConfig['dataset']['general'][number],
  seed: number,
  kept: number,
  local: string,
): Promise<GeneralRows> {
  const { file, rows, ratio } = source;
  const fetched = `${local}.source`;
  await store.download(file, fetched);
  const spool = `${local}.jsonl`;
  const writer = new LineFileWriter(spool);
  try {
    for await (const row of readRows(fetched, await formOf(fetched), { columns: ['messages'] })) {
      const read = 'problem' in row ? row : readMessages(row.value);
      if ('problem' in read) throw failure('Dataset.Invalid', `${file}:${row.line}: ${read.problem}`);
      await writer.write(JSON.stringify(read));
    }
  } catch (error) {
    writer.discard();
    throw error;
  }
  const written = await writer.close();
  const all = new Float64Array(written);
  const index = await LineIndex.open(spool, written, (line, at) => (all[at] = orderKey(seed, line)));
  const asked = rows ?? (ratio === undefined ? written : Math.round(ratio * kept));
  const order = sortedByKey(all).subarray(0, asked);
  return {
    taken: order.length,
    asked,
    keys: Float64Array.from(order, (at) => all[at]!),
    read: (place) => index.read(order[place]!),
    close: () => index.close(),
  };
}
