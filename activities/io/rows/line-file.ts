import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';

/** Characters that are handed to the file at a time. */
const CHUNK = 1 << 20;

/** Writes JSON Lines to a local file in little memory. */
export class LineFileWriter {
  readonly #stream;
  #pending: string[] = [];
  #pendingLength = 0;
  #rows = 0;
  #problem: Error | undefined;

  constructor(localFile: string) {
    this.#stream = createWriteStream(localFile);
    this.#stream.on('error', (error) => (this.#problem = error));
  }

  /** Lines written so far, which is the number of the next one, from 0. */
  get rows(): number {
    return this.#rows;
  }

  /** Appends a line, which has no line break in it. */
  async write(line: string): Promise<void> {
    this.#pending.push(line, '\n');
    this.#pendingLength += line.length;
    this.#rows++;
    if (this.#pendingLength >= CHUNK) await this.#flush();
  }

  /** Ends the file, and says how many lines it has. Fails with what the file system said. */
  async close(): Promise<number> {
    await this.#flush();
    this.#stream.end();
    if (!this.#stream.closed && !this.#problem) await once(this.#stream, 'close').catch(() => undefined);
    if (this.#problem) throw this.#problem;
    return this.#rows;
  }

  /** Lets the file go, unfinished. */
  discard(): void {
    this.#stream.destroy();
  }

  async #flush(): Promise<void> {
    if (this.#problem) throw this.#problem;
    const bytes = Buffer.from(this.#pending.join(''));
    this.#pending = [];
    this.#pendingLength = 0;
    if (!this.#stream.write(bytes)) await once(this.#stream, 'drain');
  }
}

/**
 * The lines of a local file that we wrote. Split at bytes: Node's own reader takes U+2028 for an end of line.
 * @yields each line, in order
 */
export async function* linesOf(localFile: string): AsyncIterable<string> {
  let rest: Buffer[] = [];
  for await (const chunk of createReadStream(localFile, { highWaterMark: CHUNK }) as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      const line = chunk.subarray(start, end);
      yield rest.length === 0 ? line.toString() : Buffer.concat([...rest, line]).toString();
      rest = [];
      start = end + 1;
    }
    if (start < chunk.length) rest.push(chunk.subarray(start));
  }
  if (rest.length > 0) yield Buffer.concat(rest).toString();
}

/** Lines of a local file by their place, in any order; twelve bytes of memory a line. */
export class LineIndex {
  readonly #file: FileHandle;
  readonly #starts: Float64Array;
  readonly #sizes: Uint32Array;

  private constructor(file: FileHandle, starts: Float64Array, sizes: Uint32Array) {
    this.#file = file;
    this.#starts = starts;
    this.#sizes = sizes;
  }

  /** Reads a file of so many lines once, to know where they are; `each` sees them as they pass. */
  static async open(localFile: string, rows: number, each: (line: string, index: number) => void): Promise<LineIndex> {
    const starts = new Float64Array(rows);
    const sizes = new Uint32Array(rows);
    let index = 0;
    let offset = 0;
    for await (const line of linesOf(localFile)) {
      const size = Buffer.byteLength(line);
      starts[index] = offset;
      sizes[index] = size;
      each(line, index);
      offset += size + 1;
      index++;
    }
    return new LineIndex(await open(localFile), starts, sizes);
  }

  async read(index: number): Promise<string> {
    const bytes = Buffer.allocUnsafe(this.#sizes[index]!);
    await this.#file.read(bytes, 0, bytes.byteLength, this.#starts[index]);
    return bytes.toString('utf8');
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
