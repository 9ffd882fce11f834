import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { LineFileWriter, linesOf } from '../activities/io/rows/line-file.ts';
import { readJsonLines } from '../activities/io/store/json.ts';
import type { Store } from '../activities/io/store/store.ts';
import { releasedAggregate, releasedPrediction, releasedScores } from '../domain/released-form.ts';
import { Completion, CompletionPrompt, Judgement, type MeanRubricScores } from '../domain/schemas/completion.ts';

/** What was written of one model. */
export interface ReleasedFiles {
  readonly model: string;
  readonly answers: number;
  /** Answers with scores; judge.jsonl has no line of the others, and is not there where none has any. */
  readonly judged: number;
  readonly files: readonly string[];
}

const Row = z.object(Completion.pick({ prompt: true, completion: true, text: true, words: true }).shape);
const Judged = z.object(Judgement.pick({ prompt: true, completion: true, judgement: true, scores: true }).shape);

/**
 * Writes an evaluation as the released scripts leave one: pred.jsonl with a line for each completion, and judge.jsonl with
 * the first judgement that has scores. Texts pass through one by one.
 */
export async function writeReleasedFiles(
  store: Store,
  { model, folder }: { readonly model: string; readonly folder: string },
  out: string,
): Promise<ReleasedFiles> {
  const prompts = new Map(
    (await readJsonLines(store, `${folder}/prompts.jsonl`, CompletionPrompt)).map((prompt) => [prompt.id, prompt]),
  );
  const scores = new Map<string, MeanRubricScores>();
  for (const row of await readJsonLines(store, `${folder}/judgements.jsonl`, Judged)) {
    const place = `${row.prompt}-${row.completion}`;
    if (typeof row.judgement === 'number' && row.scores && !scores.has(place)) scores.set(place, row.scores);
  }
  await mkdir(join(out, model), { recursive: true });
  const local = await mkdtemp(join(tmpdir(), 'longwriter-report-'));
  const files = ['pred.jsonl', 'judge.jsonl'].map((name) => join(out, model, name));
  const [predictions, judged] = files.map((file) => new LineFileWriter(file)) as [LineFileWriter, LineFileWriter];
  try {
    const rows = join(local, 'completions.jsonl');
    await store.download(`${folder}/completions.jsonl`, rows);
    for await (const line of linesOf(rows)) {
      const row = Row.parse(JSON.parse(line));
      const answer = releasedPrediction(prompts.get(row.prompt)!, row);
      const found = scores.get(`${row.prompt}-${row.completion}`);
      await predictions.write(JSON.stringify(answer));
      if (found) await judged.write(JSON.stringify({ ...answer, scores: releasedScores(found) }));
    }
    if (scores.size > 0) await judged.write(JSON.stringify(releasedAggregate([...scores.values()])));
    const answers = await predictions.close();
    await judged.close();
    if (scores.size === 0) await rm(files.pop()!);
    return { model, answers, judged: scores.size, files };
  } finally {
    predictions.discard();
    judged.discard();
    await rm(local, { recursive: true, force: true });
  }
}
