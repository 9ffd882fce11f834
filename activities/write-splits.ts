import { join } from 'node:path';
import { SPLITS, type DatasetSample, type SftRow, type Split } from '../domain/schemas/dataset.ts';
import { splitName } from '../domain/split.ts';
import { LineFileWriter, linesOf } from './io/rows/line-file.ts';
import { MessagesParquetWriter } from './io/rows/messages-parquet.ts';
import type { KeptSample } from './judge-samples.ts';
import { mergeRows, type SeededRows } from './seeded-rows.ts';

/** A file of rows in a local folder. */
export interface RowFile {
  readonly path: string;
  readonly rows: number;
}

/**
 * Writes the rows of a dataset to a local folder: kept samples and general rows merged by their keys, each split as JSON
 * Lines and as Parquet, and samples.jsonl, which says where each sample stands.
 */
export async function writeSplits(
  folder: string,
  name: string,
  kept: string,
  general: readonly SeededRows[],
  signal: AbortSignal,
): Promise<RowFile[]> {
  const writers = SPLITS.map((split) => ({ split, ...openSplit(folder, splitName(name, split)) }));
  const writerOf = (split: Split) => writers.find((one) => one.split === split)!;
  const samples = new LineFileWriter(join(folder, 'samples.jsonl'));
  const train = writerOf('train');
  const mix = mergeRows(general);
  for await (const line of linesOf(kept)) {
    signal.throwIfAborted();
    const { key, row, facts } = JSON.parse(line) as KeptSample;
    for await (const before of mix.until(key)) await train.write(JSON.parse(before) as SftRow);
    const writer = writerOf(facts.split);
    await samples.write(JSON.stringify({ ...facts, row: writer.rows() } satisfies DatasetSample));
    await writer.write(row);
  }
  for await (const after of mix.until(Infinity)) await train.write(JSON.parse(after) as SftRow);
  const files: RowFile[] = [];
  for (const writer of writers) {
    const rows = await writer.close();
    // A split without rows would keep `datasets` from loading the others.
    if (rows === 0) continue;
    for (const ending of ['jsonl', 'parquet']) files.push({ path: `${splitName(name, writer.split)}.${ending}`, rows });
  }
  return [...files, { path: 'samples.jsonl', rows: await samples.close() }];
}

/** A split in both of its forms: the same rows in the same order. */
function openSplit(folder: string, name: string) {
  const lines = new LineFileWriter(join(folder, `${name}.jsonl`));
  const parquet = new MessagesParquetWriter(join(folder, `${name}.parquet`));
  return {
    rows: () => lines.rows,
    write: async (row: SftRow) => {
      await lines.write(JSON.stringify(row));
      parquet.write(row);
    },
    close: () => {
      parquet.close();
      return lines.close();
    },
  };
}
