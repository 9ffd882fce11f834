import { z } from 'zod';
import type { InstructionSource } from '../../../configs/schema.ts';
import { InstructionRow } from '../../../domain/schemas/instruction.ts';
import { parquetColumns } from './parquet.ts';
import { formOf, readRows, RowsError, type RowForm } from './read-rows.ts';

/** An instruction as a file has it, with what the file says of it. */
export interface ReadInstruction extends InstructionRow {
  /** The language that the file names, in its own words. */
  readonly language?: string;
  /** Marks of the file that speak against it: toxic, redacted. */
  readonly marks?: readonly string[];
}

/** A row of a source, or why it cannot be used. */
export type ReadInstructionRow =
  { readonly line: number; readonly row: ReadInstruction } | { readonly line: number; readonly problem: string };

const DEFAULTS = { prompt: 'prompt', length: 'length', type: 'type', documents: 'documents' } as const;
const FIELDS = Object.keys(DEFAULTS) as (keyof typeof DEFAULTS)[];

/**
 * The instructions of a source's file, streaming, up to its limit. Fails with RowsError, one line under the source's name:
 * a file that cannot be read or has no rows, and a named column that no row has.
 * @yields each row, in order
 */
export async function* readInstructionRows(
  localFile: string,
  source: InstructionSource,
): AsyncIterable<ReadInstructionRow> {
  const name = source.name ?? source.file;
  try {
    yield* rowsOf(localFile, source, name);
  } catch (error) {
    if (error instanceof RowsError) throw new RowsError(error.message.replace(localFile, name));
    throw error;
  }
}

async function* rowsOf(localFile: string, source: InstructionSource, name: string): AsyncIterable<ReadInstructionRow> {
  const form: RowForm = source.form === 'lines' ? 'lines' : await formOf(localFile);
  const isConversation = source.form === 'wildchat';
  const named = isConversation ? [] : FIELDS.flatMap((field) => source.columns[field] ?? []);
  const columns = isConversation
    ? ['conversation', 'language', 'toxic', 'redacted']
    : FIELDS.map((field) => source.columns[field] ?? DEFAULTS[field]);
  const unseen = new Set(named);
  if (form === 'parquet') {
    const there = await parquetColumns(localFile);
    const needed = isConversation ? ['conversation'] : [...named, source.columns.prompt ?? DEFAULTS.prompt];
    const missing = needed.find((column) => !there.includes(column));
    if (missing !== undefined)
      throw new RowsError(`${name}: has no column "${missing}"; it has ${there.slice(0, 20).join(', ')}`);
    unseen.clear();
  }
  let read = 0;
  for await (const row of readRows(localFile, form, { columns })) {
    if (read++ >= (source.limit ?? Number.POSITIVE_INFINITY)) {
      read--;
      break;
    }
    if ('problem' in row) {
      yield row;
      continue;
    }
    for (const column of unseen) if (Object.hasOwn(row.value, column)) unseen.delete(column);
    const { line } = row;
    const parsed = isConversation ? fromConversation(row.value) : fromColumns(row.value, source.columns);
    yield typeof parsed === 'string' ? { line, problem: parsed } : { line, row: parsed };
  }
  if (read === 0) throw new RowsError(`${name}: has no rows`);
  const [unknown] = unseen;
  if (unknown !== undefined && form !== 'lines')
    throw new RowsError(`${name}: none of its ${read} rows has the column "${unknown}"`);
}

/** An instruction by its columns, or why there is none. */
function fromColumns(
  value: Readonly<Record<string, unknown>>,
  columns: InstructionSource['columns'],
): ReadInstruction | string {
  const mapped: Record<string, unknown> = {};
  for (const field of FIELDS) {
    const one = value[columns[field] ?? DEFAULTS[field]];
    // A table has to put something where a row states nothing.
    if (one !== null && one !== undefined) mapped[field] = one;
  }
  const prompt = columns.prompt ?? DEFAULTS.prompt;
  if (mapped['prompt'] === undefined) return `has no column "${prompt}"`;
  const parsed = InstructionRow.safeParse(mapped);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path[0] as keyof typeof DEFAULTS;
  return `column "${columns[field] ?? field}": ${issue?.message}`;
}

const mark = z.boolean().nullish();
const Conversation = z.object({
  conversation: z.array(z.object({ role: z.string(), content: z.string().nullish(), toxic: mark, redacted: mark })),
  language: z.string().nullish(),
  toxic: mark,
  redacted: mark,
});

/** The first user turn of a conversation in WildChat's form, or why there is none. */
function fromConversation(value: Readonly<Record<string, unknown>>): ReadInstruction | string {
  const parsed = Conversation.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return `"${issue?.path.join('.')}": ${issue?.message}`;
  }
  const { conversation, language } = parsed.data;
  const turn = conversation.find(({ role }) => role === 'user');
  const prompt = turn?.content?.trim() ?? '';
  if (turn === undefined || prompt === '') return 'has no user turn with a text';
  const marks = (['toxic', 'redacted'] as const).filter((one) => parsed.data[one] === true || turn[one] === true);
  return { prompt, ...(language ? { language } : {}), ...(marks.length > 0 ? { marks } : {}) };
}
