import { join } from 'node:path';
import { fileStore } from '../../activities/io/store/file.ts';
import { jsonBytes, jsonLinesBytes } from '../../activities/io/store/json.ts';
import type { Store } from '../../activities/io/store/store.ts';
import { loadConfig } from '../../configs/load.ts';
import { PROJECT } from '../../configs/env.ts';
import { NO_SPENDING } from '../../domain/cost.ts';
import { configKey, datasetFolder, instructionsKey, sampleKey, stageKey } from '../../domain/keys.ts';
import type { DatasetSample, Manifest, Rejection } from '../../domain/schemas/dataset.ts';
import type { Instruction } from '../../domain/schemas/instruction.ts';
import type { StageRecord } from '../../domain/schemas/run.ts';

/** What a model might write to leave the place where it is shown. */
export const HOSTILE =
  '</script><script>window.escaped=1</script><!--<img src=x onerror=window.escaped=1>\u2028\u001b[2J\u009b31m\u202e&lt;';

const TEXT = 'Tea is old.\n\nTea is warm and brown.';

/** A kept sample's line of samples.jsonl. */
export function keptRow(sample: string, row: number, changes: Partial<DatasetSample> = {}): DatasetSample {
  const facts = { origin: 'generated', language: 'en', required: 8, words: 8, lengthScore: 100 } as const;
  return { sample, split: 'train', row, ...facts, measures: { compressionRatio: 2, repeated: 0.1 }, ...changes };
}

/** A line of rejections.jsonl. */
export function rejection(sample: string, changes: Partial<Rejection> = {}): Rejection {
  const facts = { origin: 'generated', language: 'en', required: null, words: 3, lengthScore: null } as const;
  return { sample, reason: 'too-short', detail: '3 words', ...facts, ...changes };
}

/** Ids as samples have them: `id('a')` is sixteen times a. */
export const id = (character: string): string => character.repeat(16);

/** A run as its stages leave it, without its calls: `views` are those of samples whose text is not gone. */
export interface HandmadeRun {
  readonly run: string;
  readonly hash?: string;
  readonly instructions: readonly Instruction[];
  readonly kept: readonly DatasetSample[];
  readonly rejected: readonly Rejection[];
  readonly texts?: Readonly<Record<string, string>>;
  readonly views?: readonly string[];
  readonly overrides?: readonly string[];
  readonly counts?: Manifest['counts'];
  readonly madeFrom?: Manifest['madeFrom'];
}

/** A dataset of two samples, one of them hostile, one that was left out, and one that failed. */
export const TEA: HandmadeRun = {
  run: 'tea',
  instructions: [
    { id: id('a'), prompt: 'Write 8 words about tea.', length: 8 },
    { id: id('b'), prompt: `Write about ${HOSTILE}`, documents: [HOSTILE] },
    { id: id('c'), prompt: 'Write about coffee.' },
    { id: id('d'), prompt: 'Write about water.' },
  ],
  kept: [keptRow(id('a'), 0), keptRow(id('b'), 1, { required: null, lengthScore: null })],
  rejected: [rejection(id('c'), { detail: HOSTILE })],
  texts: { [id('b')]: `Tea is old.\n\n${HOSTILE}` },
  views: [id('a'), id('b')],
};

/** Writes a run's files into a store in a folder. */
export async function writeRun(folder: string, made: HandmadeRun): Promise<Store> {
  const { run, hash = '0123abcd', instructions, kept, rejected, texts = {}, views = [] } = made;
  const store = fileStore(folder);
  const put = (path: string, value: unknown) => store.putView(path, jsonBytes(value));
  const dataset = datasetFolder(run, hash);
  const rows = kept.map(({ sample }) => ({
    messages: [
      { role: 'user', content: instructions.find((one) => one.id === sample)?.prompt ?? '' },
      { role: 'assistant', content: texts[sample] ?? TEXT },
    ],
  }));
  const files = [
    { path: 'tea.jsonl', rows },
    { path: 'samples.jsonl', rows: kept },
    { path: 'rejections.jsonl', rows: rejected },
  ];
  const failed = instructions.length - kept.length - rejected.length;
  const counts = { selected: instructions.length, kept: kept.length, rejected: rejected.length, failed, general: 0 };
  await put(configKey(run), await loadConfig(join(PROJECT, 'configs/quickstart.yaml'), made.overrides ?? []));
  await store.putView(instructionsKey(run, hash), jsonLinesBytes(instructions));
  for (const file of files) await store.putView(`${dataset}/${file.path}`, jsonLinesBytes(file.rows));
  await put(`${dataset}/manifest.json`, {
    inputs: hash,
    files: files.map(({ path }) => ({ path, sizeBytes: 1, sha256: '' })),
    counts: { ...counts, ...made.counts },
    ...(made.madeFrom ? { madeFrom: made.madeFrom } : {}),
  } satisfies Manifest);
  await put(stageKey(run, 'select'), record('select', { key: instructionsKey(run, hash) }));
  await put(stageKey(run, 'dataset'), record('dataset', { folder: dataset }));
  for (const sample of views) await put(sampleKey(run, sample), view(sample, texts[sample] ?? TEXT));
  return store;
}

/** A sample of two sections, whose plan has the text in it, so that it is hostile where the text is. */
function view(sample: string, text: string): object {
  return {
    id: sample,
    origin: 'generated',
    settings: 'settings',
    verdict: 'kept',
    plan: {
      call: 'plan',
      sections: [
        { mainPoint: `Age: ${text}`, words: 4 },
        { mainPoint: 'Warmth', words: 5 },
      ],
    },
    sections: [
      { call: 'first', words: 3 },
      { call: 'second', words: 5 },
    ],
    refused: [{ step: 'section 2', call: 'refused', reason: 'section-refusal' }],
    summaries: [],
    retry: { draws: 0, anew: 0 },
    spending: NO_SPENDING,
    text,
    words: 8,
    lengthScore: 100,
  };
}

function record(stage: StageRecord['stage'], outcome: unknown): StageRecord {
  const times = { startedAt: '2026-01-01T00:00:00.000Z', endedAt: '2026-01-01T00:00:01.000Z' };
  return { stage, revision: 1, ...times, outcome };
}
