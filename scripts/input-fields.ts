import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { readInstructionRows } from '../activities/io/rows/instruction-rows.ts';
import { parsePromptRules } from '../activities/io/rows/prompt-rules.ts';
import { formOf, readRows, RowsError } from '../activities/io/rows/read-rows.ts';
import { ConfigError } from '../configs/load.ts';
import type { InstructionSource, RunConfig } from '../configs/schema.ts';
import { missingJudgeSlots } from '../domain/judge-prompt.ts';
import { readMessages } from '../domain/schemas/dataset.ts';
import { readFinishedText } from '../domain/schemas/finished-text.ts';
import { BenchmarkRow } from '../domain/schemas/instruction.ts';
import { readPrediction } from '../domain/schemas/prediction.ts';
import { readPreferenceRow } from '../domain/schemas/preference.ts';
import { readTrainingRow } from '../domain/schemas/training-row.ts';

/** A file to check: where its bytes are, what it is called in messages, and what in the configuration names it. */
interface CheckedFile {
  readonly local: string;
  readonly shown: string;
  readonly owner: unknown;
  readonly config: RunConfig;
}

/** A field of a configuration that names a file, `*` for each of a list; its check fails with ConfigError. */
export interface InputField {
  readonly at: string;
  readonly check: (file: CheckedFile) => Promise<void>;
}

const Prompt = z.object({ prompt: z.string().trim().min(1) });

/** What is wrong with a row of finished texts. */
const importProblem = (value: Readonly<Record<string, unknown>>): string | undefined => {
  const read = readFinishedText(value);
  return read.ok ? undefined : read.problem;
};

/** What is wrong with a general row, by who reads it. */
const problemReadBy =
  (read: (value: Readonly<Record<string, unknown>>) => object | { readonly problem: string }) =>
  (value: Readonly<Record<string, unknown>>): string | undefined => {
    const row = read(value);
    return 'problem' in row ? row.problem : undefined;
  };

/** The fields of a configuration that name a file. */
export const INPUT_FIELDS: readonly InputField[] = [
  { at: 'instructions.sources.*.file', check: checkSource },
  { at: 'instructions.rules.file', check: checkRules },
  { at: 'instructions.decontaminate.benchmarks.*', check: rowsOf(Prompt) },
  { at: 'prompts.plan', check: checkText },
  { at: 'prompts.section', check: checkSectionPrompt },
  { at: 'prompts.summary', check: checkText },
  { at: 'prompts.judge', check: checkJudgePrompt },
  { at: 'prompts.selection', check: checkText },
  { at: 'prompts.step', check: checkStepPrompt },
  { at: 'training.chatTemplate', check: checkText },
  { at: 'training.alone.data', check: checkTrainingRows },
  { at: 'imports.*.file', check: checkedRows(importProblem, ({ instructions }) => instructions.badRows === 'reject') },
  { at: 'dataset.general.*.file', check: checkedRows(problemReadBy(readMessages)) },
  { at: 'preferences.general.*.file', check: checkedRows(problemReadBy(readPreferenceRow)) },
  { at: 'gates.model.prompts', check: rowsOf(BenchmarkRow) },
  { at: 'evaluation.benchmark', check: checkBenchmark },
  { at: 'evaluation.calibration', check: checkedPredictions(true) },
  { at: 'evaluation.alone.predictions.*', check: checkedPredictions(false) },
];

/** Those of a training alone: what other stages would read is left alone. */
export const TRAINING_FIELDS = INPUT_FIELDS.filter(({ at }) => /^(training|gates)\./.test(at));

/** Those of an evaluation alone. */
export const EVALUATION_FIELDS = INPUT_FIELDS.filter(({ at }) => /^(evaluation\.|prompts\.judge$)/.test(at));

/** Instructions: a broken row fails where the configuration says so; a file without rows or columns always does. */
async function checkSource({ local, shown, owner, config }: CheckedFile): Promise<void> {
  const source = { ...(owner as InstructionSource), name: shown };
  await asConfigError(async () => {
    for await (const row of readInstructionRows(local, source))
      if ('problem' in row && config.instructions.badRows === 'fail')
        throw new ConfigError(`${shown}:${row.line}: ${row.problem}`);
  });
}

async function checkRules({ local, shown }: CheckedFile): Promise<void> {
  const text = await readUtf8(local, shown);
  await asConfigError(async () => void parsePromptRules(shown, text));
}

/** Checks every row of JSON Lines or Parquet, unless rows that cannot be used may be left out and are. */
function checkedRows(
  problemOf: (value: Readonly<Record<string, unknown>>) => string | undefined,
  mayLeaveOut: (config: RunConfig) => boolean = () => false,
) {
  return ({ local, shown, config }: CheckedFile): Promise<void> =>
    asConfigError(async () => {
      let rows = 0;
      for await (const row of readRows(local, await formOf(local))) {
        rows++;
        const problem = 'problem' in row ? row.problem : problemOf(row.value);
        if (problem !== undefined && !mayLeaveOut(config)) throw new ConfigError(`${shown}:${row.line}: ${problem}`);
      }
      if (rows === 0) throw new ConfigError(`${shown}: has no rows`);
    });
}

function rowsOf<T>(schema: z.ZodType<T>, look: (row: T, where: string, line: number) => void = () => undefined) {
  return ({ local, shown }: CheckedFile): Promise<void> =>
    asConfigError(async () => {
      let rows = 0;
      for await (const row of readRows(local, 'jsonl')) {
        const where = `${shown}:${row.line}`;
        if ('problem' in row) throw new ConfigError(`${where}: ${row.problem}`);
        const parsed = schema.safeParse(row.value);
        if (!parsed.success) {
          const [issue] = parsed.error.issues;
          throw new ConfigError(`${where}: ${issue?.path.join('.') || 'the object'}: ${issue?.message}`);
        }
        look(parsed.data, where, row.line);
        rows++;
      }
      if (rows === 0) throw new ConfigError(`${shown}: has no rows`);
    });
}

/** A prompt that stands twice would be one item of an evaluation, and count as two. */
function checkBenchmark(file: CheckedFile): Promise<void> {
  const lines = new Map<string, number>();
  return rowsOf(BenchmarkRow, ({ prompt }, where, line) => {
    const first = lines.get(prompt);
    if (first !== undefined) throw new ConfigError(`${where}: prompt: stands in line ${first}, too`);
    lines.set(prompt, line);
  })(file);
}

/** Answers that are there already, with the scores that a calibration needs. */
function checkedPredictions(mustBeJudged: boolean) {
  return ({ local, shown }: CheckedFile): Promise<void> =>
    asConfigError(async () => {
      let answers = 0;
      for await (const row of readRows(local, await formOf(local))) {
        const read = 'problem' in row ? row : readPrediction(row.value);
        if (read === undefined) continue;
        if ('problem' in read) throw new ConfigError(`${shown}:${row.line}: ${read.problem}`);
        if (mustBeJudged && !read.scores) throw new ConfigError(`${shown}:${row.line}: scores: there are none`);
        answers++;
      }
      if (answers === 0) throw new ConfigError(`${shown}: has no answers`);
    });
}

/** Rows to train on, by the columns of the method. */
function checkTrainingRows(file: CheckedFile): Promise<void> {
  const { method } = file.config.training.alone!;
  return checkedRows(problemReadBy((value) => readTrainingRow(method, value)))(file);
}

async function checkText({ local, shown }: CheckedFile): Promise<void> {
  await readUtf8(local, shown);
}

/** A summary that stands for the text so far must reach the model. */
async function checkSectionPrompt({ local, shown, config }: CheckedFile): Promise<void> {
  const text = await readUtf8(local, shown);
  if (config.generation.section.overflow !== 'summarize' || text.includes('{{text}}')) return;
  throw new ConfigError(`${shown}: has no slot {{text}}, which a summary is to stand in (generation.section.overflow)`);
}

/** A step is told by the text so far; without it every section of a sample would be asked for alike. */
async function checkStepPrompt({ local, shown }: CheckedFile): Promise<void> {
  const text = await readUtf8(local, shown);
  const missing = ['{{instruction}}', '{{text}}', '{{words}}'].find((slot) => !text.includes(slot));
  if (missing !== undefined) throw new ConfigError(`${shown}: has no slot ${missing}`);
}

/** Scores of a text that the judge was not shown, or of one without its task, would be of nothing. */
async function checkJudgePrompt({ local, shown }: CheckedFile): Promise<void> {
  const [missing] = missingJudgeSlots(await readUtf8(local, shown));
  if (missing !== undefined) throw new ConfigError(`${shown}: has no slot ${missing}`);
}

async function readUtf8(local: string, shown: string): Promise<string> {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(local));
  } catch (error) {
    throw error instanceof TypeError ? new ConfigError(`${shown}: is not UTF-8 text`) : error;
  }
}

async function asConfigError(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof RowsError) throw new ConfigError(error.message);
    throw error;
  }
}
