import { join } from 'node:path';
import { sha256Hex } from '../domain/fingerprint.ts';
import type { CompletionPrompt } from '../domain/schemas/completion.ts';
import { readPrediction, type Prediction } from '../domain/schemas/prediction.ts';
import type { ActivityDeps } from './deps.ts';
import { failure } from './failures.ts';
import { formOf, readRows } from './io/rows/read-rows.ts';
import { inWorkFolder } from './work-folder.ts';

/** One answer of a file, as the completion of its prompt that it is; the first is 0. */
export interface NumberedPrediction extends Prediction {
  readonly id: string;
  readonly completion: number;
}

/** What a file of answers holds. */
export interface Predictions {
  readonly prompts: readonly CompletionPrompt[];
  readonly answers: number;
  /** The most answers that a prompt has. */
  readonly completions: number;
  /** Whether any answer has scores. */
  readonly judged: boolean;
}

/**
 * Reads a file of answers (pred.jsonl, judge.jsonl), line by line. Fails with Predictions.Invalid, which names the line.
 *
 * @param limit prompts that are read at most, in the order in which they first stand there
 * @param each takes each answer before the next is read
 */
export function eachPrediction(
  deps: ActivityDeps,
  { key, limit = Infinity }: { readonly key: string; readonly limit?: number | undefined },
  each: (answer: NumberedPrediction) => Promise<void> = async () => undefined,
): Promise<Predictions> {
  return inWorkFolder(deps.node.home, 'predictions', async (folder) => {
    const local = join(folder, 'rows');
    await deps.store.download(key, local);
    const prompts = new Map<string, { prompt: CompletionPrompt; line: number; answers: number }>();
    let answers = 0;
    let judged = false;
    for await (const row of readRows(local, await formOf(local))) {
      const refuse = (problem: string) => failure('Predictions.Invalid', `${key}:${row.line}: ${problem}`);
      const read = 'problem' in row ? row : readPrediction(row.value);
      if (read === undefined) continue;
      if ('problem' in read) throw refuse(read.problem);
      const { prompt, type, length } = read;
      const id = sha256Hex(prompt).slice(0, 16);
      const known = prompts.get(id) ?? { prompt: { id, prompt, length, type }, line: row.line, answers: 0 };
      if (known.prompt.length !== length || known.prompt.type !== type)
        throw refuse(`has another length or type than line ${known.line}, which has the same prompt`);
      if (!prompts.has(id) && prompts.size >= limit) continue;
      prompts.set(id, known);
      judged ||= read.scores !== undefined;
      answers++;
      await each({ ...read, id, completion: known.answers++ });
    }
    if (answers === 0) throw failure('Predictions.Invalid', `${key}: has no answers`);
    const all = [...prompts.values()];
    return {
      prompts: all.map(({ prompt }) => prompt),
      answers,
      completions: Math.max(...all.map((one) => one.answers)),
      judged,
    };
  });
}
