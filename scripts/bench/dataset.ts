import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROJECT } from '../../configs/env.ts';
import { measureAssembly } from './assembly.ts';
import { writeRows } from './near-duplicate-rows.ts';
import { resultsOf } from './processes.ts';

const GRAM_TOKENS = 5;
const NEAR_DUPLICATES = 0.05;
const EDITED = 0.05;

/** What one search of the rows came to. */
export interface SearchResult {
  /** The search alone, by this project or by its peer; or the whole dataset stage with it, by a worker. */
  readonly search: 'longwriter' | 'datatrove' | 'dataset stage';
  readonly rows: number;
  readonly words: number;
  readonly threshold: number;
  /** Seconds that reading and searching took; not the start of the process. */
  readonly seconds: number;
  /** The most memory of the process. */
  readonly peakMegabytes: number;
  readonly duplicates: number;
  /** Near-duplicates that there are, whatever their similarity came to. */
  readonly planted: number;
}

interface DatasetSettings {
  readonly rows: number;
  readonly words: number;
  readonly threshold: number;
  /** Whether to measure datatrove too. */
  readonly peer: boolean;
}

/**
 * The same rows searched by this project, assembled by a worker, and searched by datatrove, each in a process of its own. Fails where uv is not set up
 * or has to install datatrove and cannot.
 * @yields each result when it is there
 */
export async function* measureDataset({ peer, ...settings }: DatasetSettings): AsyncGenerator<SearchResult> {
  const { rows, words, threshold } = settings;
  const folder = await mkdtemp(join(tmpdir(), 'longwriter-bench-'));
  try {
    const file = join(folder, 'rows.jsonl');
    const planted = await writeRows(file, {
      rows,
      words,
      nearDuplicates: NEAR_DUPLICATES,
      edited: EDITED,
      seed: 'bench',
    });
    const program = (name: string): string => join(PROJECT, 'scripts/bench', name);
    const args = [file, String(threshold), String(GRAM_TOKENS)];
    const ours = await resultOf(process.execPath, ['--import', 'tsx', program('near-duplicate-search.ts'), ...args]);
    yield { search: 'longwriter', ...settings, ...ours, planted };
    yield await measureAssembly(file, { ...settings, planted });
    if (!peer) return;
    const uv = join(PROJECT, '.longwriter/python/uv/bin/uv');
    const theirs = await resultOf(uv, [
      'run',
      '--quiet',
      '--no-progress',
      '--script',
      program('near_duplicate_peer.py'),
      ...args,
    ]);
    yield { search: 'datatrove', ...settings, ...theirs, planted };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What a search prints of itself. */
async function resultOf(
  command: string,
  args: readonly string[],
): Promise<{ rows: number; seconds: number; peakMegabytes: number; duplicates: number }> {
  const [result] = await resultsOf<Awaited<ReturnType<typeof resultOf>>>(command, args);
  return result!;
}
