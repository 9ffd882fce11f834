import { dirname, resolve } from 'node:path';
import { readInstructionRows } from '../activities/io/rows/instruction-rows.ts';
import { formOf, readRows } from '../activities/io/rows/read-rows.ts';
import type { RunConfig } from '../configs/schema.ts';
import { aboutTokens } from '../domain/cost.ts';
import type { AskedTexts } from '../domain/estimate-stages.ts';
import { readRequiredLength } from '../domain/required-length.ts';
import { isElsewhere, withLocalFile } from './upload-inputs.ts';

/** What the files of a configuration hold, counted and not kept. */
export interface CountedFiles {
  /** Instructions, and the mean length that they state. */
  readonly texts: CountedTexts;
  /** Instructions that are read, before any limit. */
  readonly candidates: number;
  readonly imported: number;
  readonly generalRows: number;
  readonly generalPairs: number;
  readonly benchmark: CountedTexts;
  /** Answers of files that hold no scores. */
  readonly given: number;
  /** Rows of a training alone, and the mean of their tokens. */
  readonly rows: { readonly count: number; readonly tokens: number };
}

/** Texts that are asked for; `words` is the mean of those that state a length. */
export interface CountedTexts extends AskedTexts {
  readonly stated: number;
}

const NO_TEXTS: CountedTexts = { count: 0, promptTokens: 0, words: 0, stated: 0 };

/**
 * Counts what is in the files of a configuration, which were checked. Rows that a selection would leave out are counted.
 *
 * @param file the configuration's own, from whose folder paths go on
 */
export async function countFiles(config: RunConfig, file: string): Promise<CountedFiles> {
  const { instructions, imports, dataset, preferences, training, evaluation } = config;
  const open = <T>(path: string, work: (local: string) => Promise<T>): Promise<T> =>
    withLocalFile(isElsewhere(path) ? path : resolve(dirname(file), path), work);
  const rowsOf = (path: string, limit = Infinity): Promise<number> =>
    open(path, async (local) => Math.min(limit, await countRows(local)));

  const isAlone = training.alone !== undefined || evaluation.alone !== undefined;
  const texts = new TextCounter();
  for (const source of isAlone ? [] : instructions.sources)
    await open(source.file, async (local) => {
      for await (const read of readInstructionRows(local, source))
        if ('row' in read)
          texts.add(
            read.row.prompt,
            read.row.length ?? (instructions.readLength ? readRequiredLength(read.row.prompt)?.words : undefined),
          );
    });
  const quota = instructions.quotas && Object.values(instructions.quotas).reduce((sum, count) => sum + count, 0);
  const count = Math.min(texts.counted.count, instructions.limit ?? Infinity, quota ?? Infinity);
  let imported = 0;
  for (const one of imports) imported += await rowsOf(one.file, one.limit);
  const general = async (sources: RunConfig['dataset']['general'], ours: number): Promise<number> => {
    let sum = 0;
    for (const one of sources)
      sum += await rowsOf(one.file, one.rows ?? (one.ratio === undefined ? Infinity : one.ratio * ours));
    return sum;
  };
  let given = 0;
  for (const path of Object.values(evaluation.alone?.predictions ?? {})) given += await open(path, countUnjudged);
  return {
    texts: { ...texts.counted, count },
    candidates: texts.counted.count,
    imported,
    generalRows: await general(dataset.general, count + imported),
    generalPairs: await general(preferences.general, Math.min(preferences.prompts, count + imported)),
    benchmark: training.alone
      ? NO_TEXTS
      : await open(evaluation.benchmark, (local) => countBenchmark(local, evaluation.limit)),
    given,
    rows: training.alone ? await open(training.alone.data, countTokens) : { count: 0, tokens: 0 },
  };
}

/** Means over texts that are asked for. */
class TextCounter {
  #count = 0;
  #tokens = 0;
  #words = 0;
  #stated = 0;

  add(prompt: string, words: number | undefined): void {
    this.#count += 1;
    this.#tokens += aboutTokens(prompt);
    if (words === undefined) return;
    this.#words += words;
    this.#stated += 1;
  }

  get counted(): CountedTexts {
    const [count, stated] = [this.#count, this.#stated];
    return { count, stated, promptTokens: this.#tokens / (count || 1), words: this.#words / (stated || 1) };
  }
}

async function countRows(local: string): Promise<number> {
  let count = 0;
  for await (const row of readRows(local, await formOf(local))) if ('value' in row) count += 1;
  return count;
}

/** Answers that are to be judged: none of a file with scores in it. */
async function countUnjudged(local: string): Promise<number> {
  let count = 0;
  for await (const row of readRows(local, 'jsonl')) {
    if (!('value' in row)) continue;
    if (row.value['scores'] !== undefined) return 0;
    count += 1;
  }
  return count;
}

async function countBenchmark(local: string, limit = Infinity): Promise<CountedTexts> {
  const texts = new TextCounter();
  for await (const row of readRows(local, 'jsonl')) {
    if (texts.counted.count >= limit) break;
    if (!('value' in row)) continue;
    const { prompt, length } = row.value;
    texts.add(String(prompt), typeof length === 'number' ? length : undefined);
  }
  return texts.counted;
}

/** Rows with the tokens of all their texts, the columns' names with them. */
async function countTokens(local: string): Promise<CountedFiles['rows']> {
  let count = 0;
  let tokens = 0;
  for await (const row of readRows(local, await formOf(local))) {
    if (!('value' in row)) continue;
    count += 1;
    tokens += aboutTokens(JSON.stringify(row.value));
  }
  return { count, tokens: tokens / (count || 1) };
}
