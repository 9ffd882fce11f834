import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import type { RunConfig } from '../configs/schema.ts';
import { instructionsKey, leftOutKey, selectionVerdictKey } from '../domain/keys.ts';
import {
  Instruction,
  LeftOut,
  SelectionVerdict,
  type Candidate,
  type SelectionStep,
} from '../domain/schemas/instruction.ts';
import type { ActivityDeps } from './deps.ts';
import { failure } from './failures.ts';
import { whileBeating } from './heartbeat.ts';
import type { ImportedSamples } from './import-samples.ts';
import { linesOf, LineFileWriter } from './io/rows/line-file.ts';
import { readJson } from './io/store/json.ts';
import { leftOutLines } from './left-out.ts';
import type { ListedCandidates } from './list-candidates.ts';
import { lookUpAll } from './look-ups.ts';
import { CANDIDATES_A_PAGE, readCandidatesPage } from './read-candidates.ts';
import { selectionSettings, type RunReference } from './run-files.ts';
import { inWorkFolder } from './work-folder.ts';

export interface SelectInstructionsInput extends RunReference {
  readonly candidates: ListedCandidates;
  /** Finished texts that were taken in; their instructions are taken as they are. */
  readonly imported?: ImportedSamples;
}

/** What was selected: a store path of instructions with ids, and the counts; read = selected + left out. */
export interface SelectedInstructions {
  readonly key: string;
  readonly selected: number;
  readonly duplicates: number;
  readonly read: number;
  /** By step. */
  readonly leftOut: Readonly<Record<string, number>>;
  /** Store path of every row that was left out, with where it stood and why. */
  readonly leftOutKey: string;
}

/**
 * Takes from a run's candidates those that the model let through, within quotas and limit, and the imported ones after
 * them; of an instruction that is both, the imported one. Runs twice, writes the same bytes. Fails with
 * Instructions.Invalid where none is left.
 */
export function selectInstructions(deps: ActivityDeps, input: SelectInstructionsInput): Promise<SelectedInstructions> {
  return whileBeating((signal) =>
    inWorkFolder(deps.node.home, `select-${input.run}`, async (work) => {
      const config = await deps.files.config(input);
      const { folder, candidates, read } = input.candidates;
      const at = (name: string): string => join(work, name);
      const selected = new LineFileWriter(at('instructions.jsonl'));
      const leftOutFile = new LineFileWriter(at('left-out.jsonl'));
      const leftOut = leftOutLines(leftOutFile, input.candidates.leftOut);
      await deps.store.download(`${folder}/left-out.jsonl`, at('before.jsonl'));
      for await (const line of linesOf(at('before.jsonl'))) await leftOutFile.write(line);

      const imports = new Set<string>();
      if (input.imported !== undefined) {
        await deps.store.download(input.imported.key, at('imported.jsonl'));
        for await (const line of linesOf(at('imported.jsonl'))) imports.add(Instruction.parse(JSON.parse(line)).id);
      }
      const refuse = laterSteps(config, imports);
      for (let page = 0; page * CANDIDATES_A_PAGE < candidates; page++) {
        signal.throwIfAborted();
        const rows = await readCandidatesPage(deps.store, folder, page);
        const verdicts = await readVerdicts(deps, input, config, rows);
        for (const [index, candidate] of rows.entries()) {
          const { instruction, source, line } = candidate;
          const refusal = refuse(candidate, verdicts?.[index]);
          if (refusal) await leftOut.add({ source, line, id: instruction.id, ...refusal });
          else await selected.write(JSON.stringify(instruction));
        }
      }
      if (input.imported) {
        for await (const line of linesOf(at('imported.jsonl'))) await selected.write(line);
        await deps.store.download(input.imported.leftOutKey, at('imported-left-out.jsonl'));
        for await (const line of linesOf(at('imported-left-out.jsonl')))
          await leftOut.add(LeftOut.parse(JSON.parse(line)));
      }
      const importedRead = input.imported?.read ?? 0;
      const count = await selected.close();
      await leftOutFile.close();
      if (count === 0) throw failure('Instructions.Invalid', nothingLeft(config, read, leftOut.counts));
      const hash = await hashOf(at('instructions.jsonl'), at('left-out.jsonl'));
      const key = instructionsKey(input.run, hash);
      await deps.store.upload(key, at('instructions.jsonl'));
      await deps.store.upload(leftOutKey(input.run, hash), at('left-out.jsonl'));
      const { counts } = leftOut;
      return {
        key,
        selected: count,
        duplicates: counts['duplicate'] ?? 0,
        read: read + importedRead,
        leftOut: counts,
        leftOutKey: leftOutKey(input.run, hash),
      };
    }),
  );
}

interface Refusal {
  readonly step: SelectionStep;
  readonly detail: string;
}

/** The steps from the model on; quotas and the limit count what came before. */
function laterSteps({ instructions }: RunConfig, imports: ReadonlySet<string>) {
  const { quotas, limit = Number.POSITIVE_INFINITY } = instructions;
  const taken = new Map<string, number>();
  let count = 0;
  return ({ instruction, language }: Candidate, verdict: SelectionVerdict | undefined): Refusal | undefined => {
    if (imports.has(instruction.id)) return { step: 'duplicate', detail: `of ${instruction.id}, which is imported` };
    if (verdict && verdict.needsLongText !== true) return { step: 'model', detail: verdict.reason };
    const before = taken.get(language ?? '') ?? 0;
    const quota = quotas ? (quotas[language ?? ''] ?? 0) : Number.POSITIVE_INFINITY;
    if (before >= quota) return { step: 'quota', detail: `${language ?? 'no language'}: ${quota} at most` };
    if (count >= limit) return { step: 'limit', detail: `${limit} at most` };
    taken.set(language ?? '', before + 1);
    count++;
    return undefined;
  };
}

/** What the model said of each candidate; undefined where it was not asked. Fails with Store.Missing where it should have been. */
async function readVerdicts(
  deps: ActivityDeps,
  { run }: RunReference,
  config: RunConfig,
  rows: readonly Candidate[],
): Promise<SelectionVerdict[] | undefined> {
  const settings = selectionSettings(config);
  if (settings === undefined) return undefined;
  return lookUpAll(rows, ({ instruction }) =>
    readJson(deps.store, selectionVerdictKey(run, settings, instruction.id), SelectionVerdict),
  );
}

async function hashOf(...files: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const file of files)
    for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest('hex').slice(0, 8);
}

function nothingLeft({ instructions: { sources } }: RunConfig, read: number, counts: Readonly<Record<string, number>>) {
  const from = sources.map(({ name, file }) => name ?? file).join(', ') || 'no sources';
  const why = Object.entries(counts).map(([step, count]) => `${count} ${step}`);
  return `${from}: no instructions are left of ${read}${why.length > 0 ? ` (${why.join(', ')})` : ''}`;
}
