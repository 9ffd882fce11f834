import { isParquet, readParquetRows } from './parquet.ts';
import { readJsonRows, readLines } from './lines.ts';
import { RowsError, type SourceRow } from './source-row.ts';

export { RowsError, type SourceRow } from './source-row.ts';

/** How a file holds its rows: JSON Lines, Parquet, or plain text whose every line is a row's `prompt`. */
export type RowForm = 'jsonl' | 'parquet' | 'lines';

export interface ReadRowsOptions {
  /** Bytes that a line may have; 16 MB where unset. A longer one is a problem, and is not held. */
  readonly maxLineBytes?: number;
  /** Columns of a Parquet file that are read; all where unset. */
  readonly columns?: readonly string[];
}

/**
 * The rows of a file of any size, streaming. A row that cannot be read is one with a `problem`; what to do about it is the
 * reader's. Fails with RowsError on a file that cannot be read at all.
 */
export function readRows(localFile: string, form: RowForm, options: ReadRowsOptions = {}): AsyncIterable<SourceRow> {
  const { maxLineBytes = 16_000_000, columns } = options;
  if (form === 'parquet') return readParquetRows(localFile, columns);
  return form === 'jsonl' ? readJsonRows(localFile, maxLineBytes) : readPlainRows(localFile, maxLineBytes);
}

/** Parquet where a file begins with its magic bytes, else JSON Lines; fails with RowsError. */
export async function formOf(localFile: string): Promise<'parquet' | 'jsonl'> {
  try {
    return (await isParquet(localFile)) ? 'parquet' : 'jsonl';
  } catch (error) {
    throw new RowsError(`${localFile}: cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`);
  }
}

async function* readPlainRows(localFile: string, maxLineBytes: number): AsyncIterable<SourceRow> {
  for await (const row of readLines(localFile, maxLineBytes))
    yield 'text' in row ? { line: row.line, value: { prompt: row.text } } : row;
}
