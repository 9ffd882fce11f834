import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { RunConfig } from '../configs/schema.ts';
import { contaminationIndex } from '../domain/contamination.ts';
import { cutText } from '../domain/cut-text.ts';
import { filterText, isFilterReason, type FilterRefusal, type TextMeasures } from '../domain/filter.ts';
import { languageOf } from '../domain/language.ts';
import { countWords, lengthScore } from '../domain/length.ts';
import { nearDuplicates } from '../domain/near-duplicates.ts';
import { taskOf } from '../domain/prompts.ts';
import type { DatasetSample, Rejection, SftRow } from '../domain/schemas/dataset.ts';
import { Instruction } from '../domain/schemas/instruction.ts';
import type { Sample } from '../domain/schemas/sample.ts';
import { splitOf } from '../domain/split.ts';
import { benchmarkPassages } from './benchmark-passages.ts';
import type { ActivityDeps } from './deps.ts';
import { findView } from './find-unfinished.ts';
import { LineFileWriter, LineIndex, linesOf } from './io/rows/line-file.ts';
import { wellFormed } from '../domain/well-formed.ts';
import { lookUpAll } from './look-ups.ts';
import { measureText } from './measure-text.ts';
import { hasCurrentText, sampleSettings, type RunReference } from './run-files.ts';
import { orderKey, sortedByKey } from './seeded-order.ts';

/** A kept sample on its way into the dataset: its training row, its place in the order, and what samples.jsonl says of it. */
export interface KeptSample {
  readonly key: number;
  readonly row: SftRow;
  readonly facts: Omit<DatasetSample, 'row'>;
}

/** What the filters made of a run's samples; kept + rejected + failed = selected. */
export interface JudgedSamples {
  /** Local file of KeptSample lines, in seeded order. */
  readonly kept: string;
  /** Kept samples that are in the train split. */
  readonly train: number;
  readonly selected: number;
  readonly failed: number;
  readonly rejected: Readonly<Record<string, number>>;
  /** Of the kept ones: words of each, and their number by language and by origin. */
  readonly words: readonly number[];
  readonly languages: Readonly<Record<string, number>>;
  readonly origins: Readonly<Record<string, number>>;
  /** SHA-256 over the texts and verdicts of all samples. */
  readonly digest: string;
}

/** Samples that are read at a time, while those before them are judged. */
const CHUNK = 32;

/**
 * Holds every sample of a run against the filters, in seeded order and in constant memory: what is kept goes to
 * a file of the scratch folder, what is left out to `rejections.jsonl` of the local one. Of two near-duplicates the first one in the
 * order is kept.
 */
export async function judgeSamples(
  deps: ActivityDeps,
  run: RunReference,
  instructions: string,
  { local, scratch }: { readonly local: string; readonly scratch: string },
  signal: AbortSignal,
): Promise<JudgedSamples> {
  const config = await deps.files.config(run);
  const settings = sampleSettings(config);
  const judge = await makeJudge(deps, config);
  const kept = new LineFileWriter(join(scratch, 'kept.jsonl'));
  const rejections = new LineFileWriter(join(local, 'rejections.jsonl'));
  const digest = createHash('sha256');
  const rejected: Record<string, number> = {};
  const languages: Record<string, number> = {};
  const origins: Record<string, number> = {};
  const words: number[] = [];
  let failed = 0;
  let train = 0;

  const { index, order, keys } = await inSeededOrder(deps, instructions, config.seed, scratch);
  try {
    for await (const found of inChunks(order, (at) => readSample(deps, run.run, settings, index, at))) {
      signal.throwIfAborted();
      for (const { at, instruction, sample, measures } of found) {
        if (!sample || !measures) {
          failed++;
          continue;
        }
        const facts = factsOf(instruction, sample);
        const refusal = judge(instruction, sample, measures);
        const text = createHash('sha256').update(sample.text).digest('hex');
        digest.update(`${JSON.stringify([facts, text, refusal ?? 'kept'])}\n`);
        if (refusal) {
          rejected[refusal.reason] = (rejected[refusal.reason] ?? 0) + 1;
          await rejections.write(JSON.stringify({ ...facts, ...refusal } satisfies Rejection));
        } else {
          const output = await outputOf(sample, measures, config.dataset.maxWords);
          const told = factsOf(instruction, output);
          const split = splitOf(sample.id, config.dataset.testFraction);
          if (split === 'train') train++;
          words.push(told.words);
          languages[told.language] = (languages[told.language] ?? 0) + 1;
          origins[told.origin] = (origins[told.origin] ?? 0) + 1;
          const row = sftRow(wellFormed(taskOf(instruction)), wellFormed(output.text));
          const line = { key: keys[at]!, row, facts: { ...told, split, measures: output.measures } };
          await kept.write(JSON.stringify(line satisfies KeptSample));
        }
      }
    }
  } catch (error) {
    kept.discard();
    rejections.discard();
    throw error;
  } finally {
    await index.close();
  }
  await kept.close();
  await rejections.close();
  return {
    kept: join(scratch, 'kept.jsonl'),
    train,
    selected: order.length,
    failed,
    rejected,
    words,
    languages,
    origins,
    digest: digest.digest('hex'),
  };
}

/** The filters of a run: those of one text, then those that compare it with the benchmarks and with the texts before it. */
async function makeJudge(deps: ActivityDeps, config: RunConfig) {
  const { contamination, nearDuplicates: near, ...settings } = config.filter;
  const benchmarks =
    contamination && contaminationIndex(await benchmarkPassages(deps.store, config), contamination.gramTokens);
  const texts = near && nearDuplicates({ threshold: near.threshold, gramTokens: 5 });
  return (instruction: Instruction, sample: Sample, measures: TextMeasures): FilterRefusal | undefined => {
    const { id, text, words, reason, detail = '' } = sample;
    if (reason !== undefined && !isFilterReason(reason)) return { reason, detail };
    const required = instruction.length;
    const refusal = filterText({ instruction: instruction.prompt, text, words, required, measures }, settings);
    if (refusal) return refusal;
    const overlap = benchmarks?.find(instruction.prompt) ?? benchmarks?.find(text);
    if (overlap) return { reason: 'contamination', detail: `${overlap.source}: ${overlap.text}` };
    const twin = texts?.add(id, text);
    if (!twin) return undefined;
    return { reason: 'near-duplicate', detail: `of sample ${twin.id}, similarity ${twin.similarity.toFixed(2)}` };
  };
}

/** The instructions of a run as a local file with an index, and their shuffled order. */
async function inSeededOrder(deps: ActivityDeps, instructions: string, seed: number, folder: string) {
  const local = join(folder, 'instructions.jsonl');
  await deps.store.download(instructions, local);
  let rows = 0;
  for await (const line of linesOf(local)) rows += line === '' ? 0 : 1;
  const keys = new Float64Array(rows);
  const index = await LineIndex.open(local, rows, (line, at) => (keys[at] = orderKey(seed, idOf(line))));
  return { index, keys, order: sortedByKey(keys) };
}

const idOf = (line: string): string => (JSON.parse(line) as { id: string }).id;

async function readSample(deps: ActivityDeps, run: string, settings: string, index: LineIndex, at: number) {
  const instruction = Instruction.parse(JSON.parse(await index.read(at)));
  const view = await findView(deps, run, instruction.id);
  const sample = view && hasCurrentText(view, settings) ? view : undefined;
  return { at, instruction, sample, measures: sample && (await measureText(sample.text)) };
}

/**
 * Looks up chunk after chunk, each while the one before it is worked on.
 * @yields what was found for one chunk
 */
async function* inChunks<R>(items: Uint32Array, lookUp: (item: number) => Promise<R>): AsyncIterable<R[]> {
  const chunk = (start: number): Promise<R[]> => lookUpAll([...items.subarray(start, start + CHUNK)], lookUp);
  let next = chunk(0);
  for (let start = 0; start < items.length; start += CHUNK) {
    const found = await next;
    next = chunk(start + CHUNK);
    // Whoever stops early does not wait for it; its failure is no news then.
    next.catch(() => undefined);
    yield found;
  }
}

/** What is trained on of a sample: its text, or as much of it as the dataset takes, measured anew. */
async function outputOf(
  sample: Sample,
  measures: TextMeasures,
  maxWords: number | undefined,
): Promise<Sample & { readonly measures: TextMeasures }> {
  if (maxWords === undefined || sample.words <= maxWords) return { ...sample, measures };
  const sectionWords = sample.sections.map(({ words }) => words);
  const text = cutText(sample.text, sectionWords, maxWords);
  return { ...sample, text, words: countWords(text), measures: await measureText(text) };
}

function factsOf(
  { length: required }: Instruction,
  { id, origin, text, words }: Sample,
): Omit<Rejection, 'reason' | 'detail'> {
  return {
    sample: id,
    origin,
    language: languageOf(text),
    required: required ?? null,
    words,
    lengthScore: required === undefined ? null : lengthScore(required, words),
  };
}

function sftRow(instruction: string, text: string): SftRow {
  return {
    messages: [
      { role: 'user', content: instruction },
      { role: 'assistant', content: text },
    ],
  };
}
