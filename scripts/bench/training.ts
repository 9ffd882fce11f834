import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROJECT, readEnvironment } from '../../configs/env.ts';
import type { SftRow } from '../../domain/schemas/dataset.ts';
import { resultsOf } from './processes.ts';
import { runBare, runWatched, type TrainingRun } from './training-runs.ts';

/** Rows of LongWriter-6k's size, chat rows for each, tokens of a pack, and rows of a padded batch. */
const MIX = { longRows: 6000, chatRows: 30, packTokens: 32_768, batch: 8 } as const;

/** Rows of the training that is watched, and words of each; eight make a step. */
const ROWS = 64;
const ROW_WORDS = 45;

/** What one way to make batches of rows comes to. */
export interface PackingResult {
  readonly mix: string;
  readonly way: string;
  readonly rows: number;
  readonly batches: number;
  /** Rows that are in no batch. */
  readonly lost: number;
  /** Share of the computed tokens that are padding, 0 to 1. */
  readonly padding: number;
  readonly seconds: number;
}

/** A training that is watched by the pipeline, beside the same one alone; medians over the repeats. */
export interface OverheadResult {
  readonly repeats: number;
  readonly steps: number;
  readonly tokens: number;
  readonly checkpoints: number;
  /** Seconds of the train phase. */
  readonly bareSeconds: number;
  readonly watchedSeconds: number;
  /** Seconds of processor time of the trainer alone, and of what watches it, in that phase. */
  readonly trainerCpu: number;
  readonly watcherCpu: number;
  /** The second for each second of the first. */
  readonly share: number;
}

/** Measures packing, by the trainer's own packer. Fails where the trainer's Python is not set up. */
export function measurePacking(): Promise<PackingResult[]> {
  const args = [MIX.longRows, MIX.chatRows, MIX.packTokens, MIX.batch].map(String);
  return resultsOf(readEnvironment().trainerPython, [join(PROJECT, 'scripts/bench/packing.py'), ...args]);
}

/**
 * Measures what events, heartbeats and uploads take of a training: the same job watched and alone, in turns, so that what
 * else the machine does falls on both.
 */
export async function measureOverhead(repeats: number): Promise<OverheadResult> {
  const folder = await mkdtemp(join(tmpdir(), 'longwriter-bench-'));
  try {
    const model = join(folder, 'model');
    await resultsOf(readEnvironment().trainerPython, [join(PROJECT, 'scripts/bench/bench_model.py'), model]);
    const rows = Array.from({ length: ROWS }, (_, index) => rowOf(index));
    const watched: TrainingRun[] = [];
    const bare: TrainingRun[] = [];
    for (let repeat = 0; repeat < repeats; repeat++) {
      watched.push(await runWatched(model, rows));
      bare.push(await runBare(watched[0]!, rows, join(folder, `bare-${repeat}`)));
    }
    const { steps, tokens, checkpoints } = watched[0]!;
    const trainerCpu = median(bare.map((run) => run.trainerCpu!));
    const watcherCpu = median(watched.map((run) => run.watcherCpu));
    return {
      ...{ repeats, steps, tokens, checkpoints },
      bareSeconds: median(bare.map((run) => run.seconds)),
      watchedSeconds: median(watched.map((run) => run.seconds)),
      trainerCpu,
      watcherCpu,
      share: watcherCpu / trainerCpu,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A row of words that follow from its number; all rows have nearly the same length, so that no step has much padding. */
function rowOf(row: number): SftRow {
  const words = Array.from({ length: ROW_WORDS }, (_, word) =>
    ((row + 1) * (word + 7) * 7919).toString(36).slice(0, 5),
  );
  return {
    messages: [
      { role: 'user', content: `Write text number ${row}.` },
      { role: 'assistant', content: `${words.join(' ')}.` },
    ],
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
}
