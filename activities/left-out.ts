import type { LeftOut } from '../domain/schemas/instruction.ts';
import type { LineFileWriter } from './io/rows/line-file.ts';

/** What a selection left out so far: a line each in a file, and the counts by step. */
export interface LeftOutLines {
  readonly counts: Readonly<Record<string, number>>;
  readonly add: (row: LeftOut) => Promise<void>;
}

/** Counts and writes down what is left out, on top of what earlier steps counted. */
export function leftOutLines(file: LineFileWriter, earlier: Readonly<Record<string, number>> = {}): LeftOutLines {
  const counts: Record<string, number> = { ...earlier };
  return {
    counts,
    async add(row) {
      counts[row.step] = (counts[row.step] ?? 0) + 1;
      await file.write(JSON.stringify(row));
    },
  };
}
