import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parquetWriteFile } from 'hyparquet-writer';
import { parse, stringify } from 'yaml';
import { gcsStore } from '../../activities/io/store/gcs.ts';
import { PROJECT } from '../../configs/env.ts';
import { TOO_SHORT } from './front.ts';

/** Writes what the documented commands are given: a configuration, instructions, rows, a benchmark, answers with scores. */
export async function writeFiles(file: (name: string) => string, url: string, model: string): Promise<void> {
  const lines = (rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  const tiny = parse(await readFile(join(PROJECT, 'test/e2e/tiny.yaml'), 'utf8'), { merge: true }) as Record<
    string,
    object
  >;
  const endpoint = { provider: 'bench', model: 'fixed', baseUrl: `${url}/v1` };
  const training = tiny['training'] as { sft: object; dpo: object };
  const config = {
    ...tiny,
    instructions: { sources: [{ file: file('instructions.jsonl') }] },
    endpoints: { ...tiny['endpoints'], writer: endpoint, judge: endpoint },
    generation: { plan: { mode: 'text', sectionWords: { min: 50, max: 1000 } }, maxDraws: 2, window: 4 },
    training: {
      ...training,
      baseModel: model,
      sft: { ...training.sft, maxLength: 64 },
      dpo: { ...training.dpo, maxLength: 64 },
    },
    judge: { mode: 'schema', sampling: { temperature: 0.5, maxTokens: 120 } },
    evaluation: { benchmark: file('benchmark.jsonl'), limit: 1, sampling: { temperature: 0.5, maxTokens: 20 } },
  };
  const scores = {
    Relevance: 4,
    Accuracy: 4,
    Coherence: 4,
    Clarity: 4,
    'Breadth and Depth': 3,
    'Reading Experience': 3,
  };
  const prompt = { prompt: 'Write 100 words about tea.', type: 'Other', length: 100 };
  const said = (role: string, content: string) => ({ role, content });
  const topics = ['tea', 'rain', 'bread'];
  await Promise.all([
    writeFile(file('small.yaml'), stringify(config)),
    writeFile(
      file('instructions.jsonl'),
      lines([
        ...topics.map((topic) => ({ prompt: `Write 300 words about ${topic}.`, length: 300 })),
        { prompt: TOO_SHORT, length: 300 },
      ]),
    ),
    writeFile(file('rows.jsonl'), lines([{ messages: [said('user', 'Say one.'), said('assistant', 'It is one.')] }])),
    writeFile(file('benchmark.jsonl'), lines([prompt])),
    writeFile(file('judge.jsonl'), lines([{ ...prompt, response_length: 3, response: 'Tea is nice.', scores }])),
  ]);
}

/** Puts general pairs into the bucket, as Parquet. */
export async function putPairs(local: string): Promise<void> {
  const column = (name: string, text: string) => ({ name, data: [text], type: 'STRING' as const });
  parquetWriteFile({
    filename: local,
    columnData: [column('prompt', 'Say one.'), column('chosen', 'It is one, at length.'), column('rejected', 'No.')],
  });
  await gcsStore('gs://longwriter').upload('pairs.parquet', local);
}
