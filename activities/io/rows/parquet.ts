import { open } from 'node:fs/promises';
import {
  asyncBufferFromFile,
  parquetMetadataAsync,
  parquetReadObjects,
  type AsyncBuffer,
  type FileMetaData,
} from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { RowsError, type SourceRow } from './source-row.ts';

const MAGIC = 'PAR1';
/** Bytes, decoded, that a row group may have: it is held as a whole. */
const MAX_GROUP_BYTES = 1 << 30;

/** Whether a file begins as Parquet does. */
export async function isParquet(localFile: string): Promise<boolean> {
  const file = await open(localFile, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAGIC.length), 0, MAGIC.length, 0);
    return bytesRead === MAGIC.length && buffer.toString('latin1') === MAGIC;
  } finally {
    await file.close();
  }
}

/**
 * The rows of a Parquet file, one row group in memory at a time, as plain JSON values: whole numbers above 2^53 and bytes
 * as text, times in ISO 8601. A row with text that is not UTF-8, or JSON that is broken, is a problem and not an error.
 *
 * Fails with RowsError on a file that is no Parquet or cut short, and on a row group of more than 1 GiB.
 * @param only the columns to read, or all; one that the file lacks is missing in the rows
 * @yields each row, in order
 */
export async function* readParquetRows(localFile: string, only?: readonly string[]): AsyncIterable<SourceRow> {
  const file = await reading(localFile, 'is no Parquet file, or is cut short', () => asyncBufferFromFile(localFile));
  const metadata = await reading(localFile, 'is no Parquet file, or is cut short', () => footer(file));
  const known = columnsOf(metadata);
  const columns = only ? known.filter((name) => only.includes(name)) : known;
  let rowStart = 0;
  for (const [index, group] of metadata.row_groups.entries()) {
    const where = `row group ${index + 1} of ${metadata.row_groups.length}`;
    const rowEnd = rowStart + Number(group.num_rows);
    const read = group.columns.filter(({ meta_data: data }) => columns.includes(data?.path_in_schema[0] ?? ''));
    const bytes = read.reduce((sum, { meta_data: data }) => sum + Number(data?.total_uncompressed_size ?? 0), 0);
    if (bytes > MAX_GROUP_BYTES)
      throw new RowsError(
        `${localFile}: ${where} holds ${bytes} bytes, more than the ${MAX_GROUP_BYTES} that are read at once; write it in smaller row groups`,
      );
    const rows =
      columns.length === 0
        ? Array.from({ length: rowEnd - rowStart }, () => ({}))
        : await reading(localFile, `${where} cannot be read`, () =>
            parquetReadObjects({ file, metadata, columns, rowStart, rowEnd, compressors, parsers }),
          );
    for (const [offset, row] of rows.entries()) yield plainRow(rowStart + offset + 1, row);
    rowStart = rowEnd;
  }
}

/** The names of a Parquet file's columns; fails with RowsError. */
export async function parquetColumns(localFile: string): Promise<string[]> {
  return reading(localFile, 'is no Parquet file, or is cut short', async () =>
    columnsOf(await footer(await asyncBufferFromFile(localFile))),
  );
}

const footer = (file: AsyncBuffer): Promise<FileMetaData> => parquetMetadataAsync(file);

function columnsOf({ schema }: FileMetaData): string[] {
  const names: string[] = [];
  let at = 1;
  const skip = (): void => {
    const children = schema[at++]?.num_children ?? 0;
    for (let child = 0; child < children; child++) skip();
  };
  while (at < schema.length) {
    names.push(schema[at]!.name);
    skip();
  }
  return names;
}

async function reading<T>(localFile: string, problem: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const { message } = error as Error;
    throw new RowsError(`${localFile}: ${problem} (${message.split('\n')[0]!.slice(0, 200)})`);
  }
}

/** Stands for a value that cannot be decoded, so that it costs its own row and not the row group. */
class Undecodable {
  readonly problem: string;
  constructor(problem: string) {
    this.problem = problem;
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true });

const parsers = {
  stringFromBytes: (bytes: Uint8Array | undefined): unknown => {
    try {
      return bytes && decoder.decode(bytes);
    } catch {
      return new Undecodable('not valid UTF-8');
    }
  },
  jsonFromBytes: (bytes: Uint8Array | undefined): unknown => {
    try {
      return bytes && JSON.parse(decoder.decode(bytes));
    } catch {
      return new Undecodable('not valid JSON');
    }
  },
};

function plainRow(line: number, row: Record<string, unknown>): SourceRow {
  try {
    return { line, value: plainObject(row) };
  } catch (error) {
    if (error instanceof Undecodable) return { line, problem: error.problem };
    throw error;
  }
}

function plainObject(value: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one, key)]));
}

function plain(value: unknown, column: string): unknown {
  if (value instanceof Undecodable) throw new Undecodable(`column "${column}": ${value.problem}`);
  if (typeof value === 'bigint') return isSafe(value) ? Number(value) : String(value);
  if (value === undefined) return null;
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map((one) => plain(one, column));
  if (ArrayBuffer.isView(value)) return [...(value as unknown as Iterable<unknown>)].map((one) => plain(one, column));
  return plainObject(value);
}

const isSafe = (value: bigint): boolean =>
  value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER);
