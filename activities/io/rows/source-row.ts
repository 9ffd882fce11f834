/** One row of a file, or why it cannot be used; lines are counted from 1, in a Parquet file rows. */
export type SourceRow =
  | { readonly line: number; readonly value: Record<string, unknown> }
  | { readonly line: number; readonly problem: string };

/** A file that cannot be read as rows at all; the message is one line that names it. */
export class RowsError extends Error {
  override readonly name = 'RowsError';
}
