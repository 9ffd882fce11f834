import { createReadStream } from 'node:fs';
import { RowsError, type SourceRow } from './source-row.ts';

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** A line's text without its end, or why it has none. */
export type Line =
  { readonly line: number; readonly text: string } | { readonly line: number; readonly problem: string };

/**
 * The lines of a UTF-8 file, read in pieces: a line above `maxLineBytes` is passed over and never held. Blank lines are
 * left out; a byte-order mark and carriage returns at the ends are no part of a line. Fails with RowsError.
 * @yields each line, in order
 */
export async function* readLines(localFile: string, maxLineBytes: number): AsyncIterable<Line> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let line = 1;
  let pieces: Buffer[] = [];
  let sizeBytes = 0;
  const take = (piece: Buffer): void => {
    sizeBytes += piece.length;
    // Of a line that is too long only the length is still of interest.
    if (sizeBytes > maxLineBytes) pieces = [];
    else if (piece.length > 0) pieces.push(piece);
  };
  const end = (): Line | undefined => {
    const bytes = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
    const ended = sizeBytes > maxLineBytes ? tooLong(line, sizeBytes, maxLineBytes) : decoded(decoder, line, bytes);
    pieces = [];
    sizeBytes = 0;
    line++;
    return ended;
  };
  for await (const chunk of chunks(localFile)) {
    let start = 0;
    for (let at = chunk.indexOf(LINE_FEED); at !== -1; at = chunk.indexOf(LINE_FEED, start)) {
      take(chunk.subarray(start, at));
      const ended = end();
      if (ended) yield ended;
      start = at + 1;
    }
    take(chunk.subarray(start));
  }
  const last = end();
  if (last) yield last;
}

/**
 * The rows of a JSON Lines file; one that is no JSON object is a problem and not an error. Fails with RowsError.
 * @yields each row, in order
 */
export async function* readJsonRows(localFile: string, maxLineBytes: number): AsyncIterable<SourceRow> {
  for await (const line of readLines(localFile, maxLineBytes)) yield 'text' in line ? parsed(line) : line;
}

function parsed({ line, text }: { line: number; text: string }): SourceRow {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { line, problem: 'not valid JSON' };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { line, problem: `expected a JSON object, found ${nameOf(value)}` };
  return { line, value: value as Record<string, unknown> };
}

function nameOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`;
}

const tooLong = (line: number, sizeBytes: number, most: number): Line => ({
  line,
  problem: `a line of ${sizeBytes} bytes, more than the ${most} that one may have`,
});

function decoded(decoder: { decode(bytes: Uint8Array): string }, line: number, bytes: Buffer): Line | undefined {
  const content = bytes.at(-1) === CARRIAGE_RETURN ? bytes.subarray(0, -1) : bytes;
  let text: string;
  try {
    text = decoder.decode(content);
  } catch {
    return { line, problem: 'not valid UTF-8' };
  }
  return text.trim() === '' ? undefined : { line, text };
}

async function* chunks(localFile: string): AsyncIterable<Buffer> {
  try {
    yield* createReadStream(localFile, { highWaterMark: 1 << 20 });
  } catch (error) {
    throw new RowsError(`${localFile}: cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`);
  }
}
