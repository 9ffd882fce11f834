import { LineIndex } from './io/rows/line-file.ts';
import { orderKey, sortedByKey } from './seeded-order.ts';

/** Rows of a local file of lines, in seeded order. */
export interface SeededRows {
  /** Key of each row, rising. */
  readonly keys: Float64Array;
  /** The row of a place in the order, as its line. */
  read(place: number): Promise<string>;
  close(): Promise<void>;
}

/**
 * Puts the lines of a local file into the order of a seed; twenty bytes of memory a line.
 *
 * @param lines how many lines the file has
 * @param most of them, from the start of the order; all where unset
 */
export async function openSeededRows(
  localFile: string,
  lines: number,
  seed: number,
  most = lines,
): Promise<SeededRows> {
  const all = new Float64Array(lines);
  const index = await LineIndex.open(localFile, lines, (line, at) => (all[at] = orderKey(seed, line)));
  const order = sortedByKey(all).subarray(0, most);
  return {
    keys: Float64Array.from(order, (at) => all[at]!),
    read: (place) => index.read(order[place]!),
    close: () => index.close(),
  };
}

/** Merges the rows of several files by their keys. */
export function mergeRows(files: readonly SeededRows[]) {
  const places = files.map(() => 0);
  const keyAt = (file: number): number => files[file]!.keys[places[file]!] ?? Infinity;
  return {
    /**
     * The rows below a key that were not given yet.
     * @yields each line, in order
     */
    async *until(key: number): AsyncIterable<string> {
      for (;;) {
        let next = -1;
        for (const file of files.keys()) if (keyAt(file) < (next === -1 ? key : keyAt(next))) next = file;
        if (next === -1) return;
        yield await files[next]!.read(places[next]!);
        places[next]!++;
      }
    },
  };
}
