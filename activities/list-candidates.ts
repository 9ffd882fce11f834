import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { InstructionSource, RunConfig } from '../configs/schema.ts';
import { fingerprint, fingerprint8, sha256Hex } from '../domain/fingerprint.ts';
import { candidatesFolder, candidatesPageKey } from '../domain/keys.ts';
import { readRequiredLength } from '../domain/required-length.ts';
import type { Candidate, Instruction, InstructionRow } from '../domain/schemas/instruction.ts';
import type { ActivityDeps } from './deps.ts';
import { languageDetector, type LanguageDetector } from './detect-language.ts';
import { failure } from './failures.ts';
import { whileBeating } from './heartbeat.ts';
import { readInstructionRows, type ReadInstruction } from './io/rows/instruction-rows.ts';
import { LineFileWriter } from './io/rows/line-file.ts';
import { RowsError } from './io/rows/read-rows.ts';
import { jsonLinesBytes } from './io/store/json.ts';
import { leftOutLines } from './left-out.ts';
import { CANDIDATES_A_PAGE } from './read-candidates.ts';
import type { RunReference } from './run-files.ts';
import { selectionSteps } from './selection-steps.ts';
import { inWorkFolder } from './work-folder.ts';

const ROWS_WITHOUT_PAUSE = 200;

/** What the steps before the model let through: a store folder of pages, and the counts; read = candidates + left out. */
export interface ListedCandidates {
  readonly folder: string;
  readonly candidates: number;
  readonly read: number;
  /** By step. */
  readonly leftOut: Readonly<Record<string, number>>;
}

/**
 * Reads a run's sources, gives each instruction an id (the first 16 hex of the SHA-256 of its text, and of its documents
 * where it has any), and takes it through the steps before the model. Holds ids and signatures, never the texts. Runs
 * twice, writes the same bytes. Fails with Instructions.Invalid, which names file and line.
 */
export function listCandidates(deps: ActivityDeps, input: RunReference): Promise<ListedCandidates> {
  return whileBeating((signal) =>
    inWorkFolder(deps.node.home, `select-${input.run}`, async (work) => {
      const config = await deps.files.config(input);
      const { model: _model, quotas: _quotas, limit: _limit, ...before } = config.instructions;
      const folder = candidatesFolder(input.run, fingerprint8([before, config.evaluation.benchmark]));
      const steps = await invalid(() => selectionSteps(deps, config));
      const file = new LineFileWriter(join(work, 'left-out.jsonl'));
      const leftOut = leftOutLines(file);
      const pages = pageWriter(deps, folder);
      let read = 0;
      for await (const one of allRows(deps, config, work)) {
        signal.throwIfAborted();
        // A row group in memory gives its rows without a pause, in which nothing would beat.
        if (++read % ROWS_WITHOUT_PAUSE === 0) await setImmediate();
        const { source, line } = one;
        if ('problem' in one) {
          if (config.instructions.badRows === 'fail')
            throw failure('Instructions.Invalid', `${source}:${line}: ${one.problem}`);
          await leftOut.add({ source, line, step: 'bad-row', detail: one.problem });
          continue;
        }
        const refusal = firstRefusal(steps, one);
        const { marks: _marks, ...candidate } = one;
        if (refusal) await leftOut.add({ source, line, id: one.instruction.id, ...refusal });
        else await pages.write(candidate);
      }
      await pages.end();
      await file.close();
      await deps.store.upload(`${folder}/left-out.jsonl`, join(work, 'left-out.jsonl'));
      return { folder, candidates: pages.count(), read, leftOut: leftOut.counts };
    }),
  );
}

type Row =
  | (Candidate & { readonly marks: readonly string[] })
  | { readonly source: string; readonly line: number; readonly problem: string };

async function* allRows(deps: ActivityDeps, config: RunConfig, work: string): AsyncIterable<Row> {
  const { sources, languages, quotas, readLength } = config.instructions;
  const detect = languages || quotas ? await languageDetector() : undefined;
  for (const source of sources) {
    const local = join(work, 'source');
    await deps.store.download(source.file, local);
    const name = source.name ?? source.file;
    for await (const row of readable(local, source))
      yield 'problem' in row
        ? { source: name, ...row }
        : { ...candidateOf(row.row, readLength, detect), source: name, line: row.line };
  }
}

async function* readable(local: string, source: InstructionSource): ReturnType<typeof readInstructionRows> {
  try {
    yield* readInstructionRows(local, source);
  } catch (error) {
    if (error instanceof RowsError) throw failure('Instructions.Invalid', error.message);
    throw error;
  }
}

function candidateOf(
  { language: named, marks = [], ...row }: ReadInstruction,
  readLength: boolean,
  detect: LanguageDetector | undefined,
): Pick<Candidate, 'instruction' | 'language'> & { readonly marks: readonly string[] } {
  const length = row.length ?? (readLength ? readRequiredLength(row.prompt)?.words : undefined);
  const instruction: Instruction = { id: instructionId(row), ...row, ...(length === undefined ? {} : { length }) };
  const language = detect?.(row.prompt, named);
  return { instruction, marks, ...(language === undefined ? {} : { language }) };
}

/** The same words about other documents are another task. */
function instructionId({ prompt, documents }: InstructionRow): string {
  return (documents ? fingerprint([prompt, documents]) : sha256Hex(prompt)).slice(0, 16);
}

function firstRefusal(steps: Awaited<ReturnType<typeof selectionSteps>>, candidate: Extract<Row, { marks: unknown }>) {
  for (const { name, refuse } of steps) {
    const detail = refuse(candidate);
    if (detail !== undefined) return { step: name, detail };
  }
  return undefined;
}

function pageWriter(deps: ActivityDeps, folder: string) {
  let page: Candidate[] = [];
  let count = 0;
  const end = async (): Promise<void> => {
    if (page.length === 0) return;
    await deps.store.putView(candidatesPageKey(folder, Math.ceil(count / CANDIDATES_A_PAGE) - 1), jsonLinesBytes(page));
    page = [];
  };
  return {
    count: () => count,
    end,
    write: async (candidate: Candidate): Promise<void> => {
      page.push(candidate);
      count++;
      if (page.length === CANDIDATES_A_PAGE) await end();
    },
  };
}

async function invalid<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RowsError) throw failure('Instructions.Invalid', error.message);
    throw error;
  }
}
