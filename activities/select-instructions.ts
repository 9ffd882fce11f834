import { fingerprint, fingerprint8, sha256Hex } from '../domain/fingerprint.ts';
import { instructionsKey } from '../domain/keys.ts';
import { InstructionRow, type Instruction } from '../domain/schemas/instruction.ts';
import type { ActivityDeps } from './deps.ts';
import { failure } from './failures.ts';
import { CorruptObjectError, jsonLinesBytes, parseJsonLines } from './io/store/json.ts';
import type { RunReference } from './run-files.ts';

/** What was selected: a store path of instructions with ids, and the counts. */
export interface SelectedInstructions {
  readonly key: string;
  readonly selected: number;
  readonly duplicates: number;
}

/**
 * Takes a run's instructions from its file, gives each an id (the first 16 hex of the SHA-256 of its text, and of its
 * documents where it has any) and leaves
 * duplicates out. Runs twice, writes the same bytes. Fails with Instructions.Invalid, which names the line.
 */
export async function selectInstructions(deps: ActivityDeps, input: RunReference): Promise<SelectedInstructions> {
  const { instructions } = await deps.files.config(input);
  const rows = parseRows(instructions.file, await deps.files.text(instructions.file));
  const byId = new Map<string, Instruction>();
  const taken = rows.slice(0, instructions.limit);
  for (const row of taken) {
    // The same words about other documents are another task.
    const id = (row.documents ? fingerprint([row.prompt, row.documents]) : sha256Hex(row.prompt)).slice(0, 16);
    if (!byId.has(id)) byId.set(id, { id, ...row });
  }
  const selected = [...byId.values()];
  if (selected.length === 0) throw failure('Instructions.Invalid', `${instructions.file}: no instructions`);
  const key = instructionsKey(input.run, fingerprint8(selected));
  await deps.store.putView(key, jsonLinesBytes(selected));
  return { key, selected: selected.length, duplicates: taken.length - selected.length };
}

function parseRows(name: string, text: string): InstructionRow[] {
  try {
    return parseJsonLines(name, text, InstructionRow);
  } catch (error) {
    if (error instanceof CorruptObjectError) throw failure('Instructions.Invalid', error.message);
    throw error;
  }
}
