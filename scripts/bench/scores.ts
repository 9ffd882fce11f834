import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { jsonBytes, jsonLinesBytes } from '../../activities/io/store/json.ts';
import type { Store } from '../../activities/io/store/store.ts';
import { loadConfig } from '../../configs/load.ts';
import { NO_SPENDING } from '../../domain/cost.ts';
import { sha256Hex } from '../../domain/fingerprint.ts';
import { completionKey, evaluationFolder, judgementKey, stageKey } from '../../domain/keys.ts';
import { countWords, lengthScore } from '../../domain/length.ts';
import { PIPELINE_QUEUE, POSITIONS } from '../../domain/names.ts';
import { qualityScore } from '../../domain/rubric.ts';
import { DIMENSIONS, type Completion, type Judgement, type RubricScores } from '../../domain/schemas/completion.ts';
import { SftRow } from '../../domain/schemas/dataset.ts';
import type { StageRecord } from '../../domain/schemas/run.ts';
import { writeRows } from './near-duplicate-rows.ts';
import { Rig } from './rig.ts';

const RUN = 'bench';
const COMPLETIONS_OF_A_PROMPT = 2;
/** Scoring looks at no text, so some stand in for all; each row is an object of its own. */
const TEXTS = 50;
const WINDOW_WORDS = 1000;
/** Completions that are put into the store at once. */
const AT_ONCE = 32;

/** What one step took of a worker. */
export interface ScoresResult {
  readonly step: 'scores' | 'scores again' | 'report';
  readonly completions: number;
  readonly words: number;
  readonly resamples: number;
  readonly seconds: number;
  /** The most memory of the worker so far, with all that it holds besides. */
  readonly peakMegabytes: number;
}

/**
 * Scores of one model and the report of them, by a real worker on a store that is a directory: each completion has a
 * judgement and another one by windows.
 * @yields what each step took
 */
export async function* measureScores(settings: {
  readonly completions: number;
  readonly words: number;
}): AsyncGenerator<ScoresResult> {
  const rig = await Rig.start({ sections: 1, words: 1, latencyMs: 0, faults: {} });
  try {
    const file = join(import.meta.dirname, 'dataset.yaml');
    const { config } = await rig.freeze(RUN, await loadConfig(file), file);
    const { resamples } = config.evaluation;
    const folder = await putCompletions(rig.store, settings);
    await rig.startWorker();
    const result = (step: ScoresResult['step'], seconds: number): ScoresResult => ({
      ...{ step, ...settings, resamples, seconds },
      peakMegabytes: rig.workerMemory().peak,
    });
    const input = {
      run: RUN,
      revision: 1,
      model: { name: 'base', identity: 'bench', location: { kind: 'endpoint' } },
      ...folder,
    };
    const scored = await timed(rig, 'scoreEvaluation', input);
    yield result('scores', scored.seconds);
    yield result('scores again', (await timed(rig, 'scoreEvaluation', input)).seconds);
    const time = new Date().toISOString();
    const outcome = { models: [{ ...scored.outcome, spending: NO_SPENDING, model: 'base' }] };
    const record: StageRecord = { stage: 'evaluate', revision: 1, startedAt: time, endedAt: time, outcome };
    await rig.store.putView(stageKey(RUN, 'evaluate'), jsonBytes(record));
    yield result('report', (await timed(rig, 'publishReport', { run: RUN, revision: 1 })).seconds);
  } finally {
    await rig.stop();
  }
}

/** Has the worker do one activity, without a workflow around it. */
async function timed({ client }: Rig, name: string, input: object): Promise<{ outcome: object; seconds: number }> {
  const startedAt = performance.now();
  const outcome = await client.activity.execute<object>(name, {
    id: `${name}-${startedAt}`,
    taskQueue: PIPELINE_QUEUE,
    args: [input],
    startToCloseTimeout: '10 minutes',
    retry: { maximumAttempts: 1 },
  });
  return { outcome, seconds: (performance.now() - startedAt) / 1000 };
}

/** Puts a folder of completions with their judgements into a store; says what is in it, as activities are told. */
async function putCompletions(
  store: Store,
  { completions, words }: { readonly completions: number; readonly words: number },
): Promise<object> {
  const folder = evaluationFolder(RUN, 'base', 'bench');
  const prompts = Array.from({ length: Math.ceil(completions / COMPLETIONS_OF_A_PROMPT) }, (_, index) => ({
    id: sha256Hex(String(index)).slice(0, 16),
    prompt: `Write a long text about subject ${index}.`,
    length: Math.ceil((words / 100) * (1 + Math.floor(100 * draw(`length ${index}`)))),
    type: `type ${index % 7}`,
  }));
  await store.putView(`${folder}/prompts.jsonl`, jsonLinesBytes(prompts));
  const texts = await textsOf(words);
  for (let start = 0; start < prompts.length; start += AT_ONCE)
    await Promise.all(
      prompts.slice(start, start + AT_ONCE).flatMap(({ id, length }, index) =>
        Array.from({ length: COMPLETIONS_OF_A_PROMPT }, async (_, completion) => {
          const text = texts[(start + index) % texts.length]!;
          const identity = { prompt: id, completion, spending: NO_SPENDING };
          const written = Math.ceil(length * (0.2 + 1.6 * draw(`${id} ${completion}`)));
          const view: Completion = {
            ...identity,
            text,
            words: written,
            finishReason: written > words ? 'length' : 'stop',
            lengthScore: lengthScore(length, written),
            measures: { distinct: draw(`distinct ${id}`), compressionRatio: 1 + draw(`ratio ${id}`) },
            refusal: false,
          };
          await store.putView(completionKey(folder, id, completion), jsonBytes(view));
          for (const judgement of [0, POSITIONS] as const)
            await store.putView(
              judgementKey(folder, id, completion, judgement),
              jsonBytes(judged({ ...identity, judgement, calls: [] }, countWords(text))),
            );
        }),
      ),
    );
  return {
    folder,
    prompts: prompts.length,
    completions: COMPLETIONS_OF_A_PROMPT,
    judgements: 1,
    positions: true,
  };
}

/** A judgement with scores: of the whole text, or of its windows. */
function judged(view: Omit<Judgement, 'parts'>, words: number): Judgement {
  const scores = Object.fromEntries(
    DIMENSIONS.map((name) => [name, 1 + Math.floor(5 * draw(`${view.prompt} ${view.completion} ${name}`))]),
  ) as RubricScores;
  const windows = view.judgement === POSITIONS ? Math.ceil(words / WINDOW_WORDS) : 1;
  const parts = Array.from({ length: windows }, (_, index) => ({
    from: index * WINDOW_WORDS,
    words: Math.ceil(words / windows),
    scores,
  }));
  return { ...view, parts, scores, qualityScore: qualityScore(scores) };
}

/** A number from 0 to 1 that a text decides. */
const draw = (text: string): number => Number.parseInt(sha256Hex(text).slice(0, 8), 16) / 2 ** 32;

/** Texts of so many words. */
async function textsOf(words: number): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'longwriter-bench-'));
  const texts: string[] = [];
  try {
    const file = join(folder, 'rows.jsonl');
    await writeRows(file, { rows: TEXTS, words, nearDuplicates: 0, edited: 0, seed: 'bench' });
    for await (const line of createInterface({ input: createReadStream(file) }))
      texts.push(SftRow.parse(JSON.parse(line)).messages[1]!.content);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return texts;
}
