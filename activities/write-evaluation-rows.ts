import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { numbersOf, type CompletionNumbers } from '../domain/evaluation.ts';
import type { Spending } from '../domain/schemas/call.ts';
import { completionsByPrompt, type CompletionSet } from './completion-set.ts';
import type { ActivityDeps } from './deps.ts';
import { LineFileWriter } from './io/rows/line-file.ts';

/** What a folder of completions holds, in numbers, with how many judgements there are and a hash of all its rows. */
export interface EvaluationRows {
  readonly numbers: readonly CompletionNumbers[];
  readonly judgements: number;
  readonly sha256: string;
}

/** Writes completions.jsonl and judgements.jsonl of a folder of completions to a local one, text by text. */
export async function writeEvaluationRows(
  deps: ActivityDeps,
  set: CompletionSet,
  local: string,
  signal: AbortSignal,
): Promise<EvaluationRows> {
  const completions = new LineFileWriter(join(local, 'completions.jsonl'));
  const judgements = new LineFileWriter(join(local, 'judgements.jsonl'));
  const hash = createHash('sha256');
  const write = async (file: LineFileWriter, view: { readonly spending: Spending }): Promise<void> => {
    const line = JSON.stringify(withoutSpending(view));
    hash.update(line).update('\n');
    await file.write(line);
  };
  const numbers: CompletionNumbers[] = [];
  try {
    for await (const rows of completionsByPrompt(deps, set)) {
      signal.throwIfAborted();
      for (const row of rows) {
        numbers.push(numbersOf(row, set.judgements > 0));
        await write(completions, row.completion);
        for (const judgement of row.judgements) await write(judgements, judgement);
        if (row.positions) await write(judgements, row.positions);
      }
    }
  } catch (error) {
    completions.discard();
    judgements.discard();
    throw error;
  }
  await completions.close();
  return { numbers, judgements: await judgements.close(), sha256: hash.digest('hex') };
}

/** A view as a row: what it cost differs from run to run, and rows do not. */
function withoutSpending<T extends { readonly spending: Spending }>(view: T): Omit<T, 'spending'> {
  const { spending, ...row } = view;
  void spending;
  return row;
}
