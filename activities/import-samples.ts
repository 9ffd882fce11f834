import { join } from 'node:path';
import { filterText, type FilterRefusal } from '../domain/filter.ts';
import { fingerprint8, sha256Hex } from '../domain/fingerprint.ts';
import { importsKey, importsLeftOutKey, sampleKey } from '../domain/keys.ts';
import { countWords, lengthScore } from '../domain/length.ts';
import { readRequiredLength } from '../domain/required-length.ts';
import { cleanSection, joinSections } from '../domain/response.ts';
import { readFinishedText, type FinishedText } from '../domain/schemas/finished-text.ts';
import type { Instruction } from '../domain/schemas/instruction.ts';
import { NO_SPENDING } from '../domain/cost.ts';
import type { Sample } from '../domain/schemas/sample.ts';
import type { ActivityDeps } from './deps.ts';
import { failure } from './failures.ts';
import { whileBeating } from './heartbeat.ts';
import { LineFileWriter } from './io/rows/line-file.ts';
import { formOf, readRows } from './io/rows/read-rows.ts';
import { jsonBytes } from './io/store/json.ts';
import { leftOutLines } from './left-out.ts';
import { measureText } from './measure-text.ts';
import type { RunReference } from './run-files.ts';
import { inWorkFolder } from './work-folder.ts';

/** Finished texts that a run took in: a store path of their instructions, and the counts; read = imported + left out. */
export interface ImportedSamples {
  readonly key: string;
  /** Store path of the rows that were left out, with where they stood and why. */
  readonly leftOutKey: string;
  readonly read: number;
  readonly imported: number;
  readonly leftOut: Readonly<Record<string, number>>;
}

/** What the released call layer returns in the place of an answer when its tries are spent (reference, 1.1). */
const FAILURE_TEXT = /^\s*Max tries\. Failed\.\s*$/u;

/**
 * Takes finished texts in as samples, so that generation passes over them and every later stage treats them as its own:
 * rows with `prompt` and `write` (sections, as write.py leaves them), or with `messages` (LongWriter-6k). Runs twice, writes
 * the same. Fails with Instructions.Invalid on a row that is neither, unless such rows are to be left out and counted.
 */
export function importSamples(deps: ActivityDeps, input: RunReference): Promise<ImportedSamples> {
  return whileBeating((signal) =>
    inWorkFolder(deps.node.home, `imports-${input.run}`, async (folder) => {
      const config = await deps.files.config(input);
      const instructions = new LineFileWriter(join(folder, 'instructions.jsonl'));
      const ids = new Map<string, string>();
      const leftOutFile = new LineFileWriter(join(folder, 'left-out.jsonl'));
      const leftOut = leftOutLines(leftOutFile);
      let read = 0;
      for (const { file, limit = Infinity } of config.imports) {
        const local = join(folder, 'source');
        await deps.store.download(file, local);
        let taken = 0;
        for await (const row of readRows(local, await formOf(local))) {
          signal.throwIfAborted();
          if (taken++ >= limit) break;
          read++;
          const text = 'problem' in row ? { ok: false as const, problem: row.problem } : readFinishedText(row.value);
          if (!text.ok) {
            if (config.instructions.badRows === 'fail')
              throw failure('Instructions.Invalid', `${file}:${row.line}: ${text.problem}`);
            await leftOut.add({ source: file, line: row.line, step: 'bad-row', detail: text.problem });
            continue;
          }
          const id = sha256Hex(text.prompt).slice(0, 16);
          const first = ids.get(id);
          if (first !== undefined) {
            const detail = `a second text for the instruction of ${first}`;
            await leftOut.add({ source: file, line: row.line, id, step: 'duplicate', detail });
            continue;
          }
          ids.set(id, `${file}:${row.line}`);
          const length = config.instructions.readLength ? readRequiredLength(text.prompt)?.words : undefined;
          const instruction: Instruction = {
            id,
            prompt: text.prompt,
            ...(length === undefined ? {} : { length }),
            imported: true,
          };
          await instructions.write(JSON.stringify(instruction));
          await deps.store.putView(
            sampleKey(input.run, id),
            jsonBytes(await sampleOf(instruction, text, config.filter)),
          );
        }
      }
      await instructions.close();
      await leftOutFile.close();
      const key = importsKey(input.run, fingerprint8([config.imports, config.instructions.readLength]));
      await deps.store.upload(key, join(folder, 'instructions.jsonl'));
      const leftOutKey = importsLeftOutKey(key);
      await deps.store.upload(leftOutKey, join(folder, 'left-out.jsonl'));
      return { key, leftOutKey, read, imported: ids.size, leftOut: leftOut.counts };
    }),
  );
}

async function sampleOf(
  { id, prompt, length: required }: Instruction,
  finished: Extract<FinishedText, { ok: true }>,
  filter: Parameters<typeof filterText>[1],
): Promise<Sample> {
  // Write.py's sections are joined and cleaned as ours are; a text that came whole stays as it is.
  const sections = finished.sections ?? [];
  const text = finished.sections ? joinSections(sections) : finished.text;
  const words = countWords(text);
  const left: FilterRefusal | undefined = sections.some((section) => FAILURE_TEXT.test(section))
    ? { reason: 'failure-text', detail: 'a section is what the released scripts write when a call has failed' }
    : filterText({ instruction: prompt, text, words, required, measures: await measureText(text) }, filter);
  return {
    id,
    origin: 'imported',
    settings: 'imported',
    verdict: left ? 'rejected' : 'kept',
    ...left,
    sections: sections.map((section) => ({ words: countWords(cleanSection(section)) })),
    refused: [],
    summaries: [],
    retry: { draws: 0, anew: 0 },
    spending: NO_SPENDING,
    text,
    words,
    ...(required === undefined ? {} : { lengthScore: lengthScore(required, words) }),
  };
}
