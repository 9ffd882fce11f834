import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { sumCounts } from '../domain/count-by.ts';
import { summarizeSpread, type Spread } from '../domain/preference.ts';
import { readPreferenceRow } from '../domain/schemas/preference.ts';
import type { ActivityDeps } from './deps.ts';
import { failure } from './failures.ts';
import { uploadFiles } from './folder.ts';
import { takeGeneralRows, type GeneralRows } from './general-rows.ts';
import { whileBeating } from './heartbeat.ts';
import { LineFileWriter } from './io/rows/line-file.ts';
import type { PromptFolder } from './list-prompts.ts';
import { pairCompletions } from './pair-completions.ts';
import type { RunReference } from './run-files.ts';
import { mergeRows, openSeededRows, type SeededRows } from './seeded-rows.ts';
import { inWorkFolder } from './work-folder.ts';

export interface BuildPreferencePairsInput extends RunReference, PromptFolder {}

/** Preference pairs, by their folder, with counts that add up: pairs + dropped = prompts. */
export interface PreferencePairs {
  readonly folder: string;
  readonly prompts: number;
  readonly pairs: number;
  /** General pairs that were mixed in, and those that were asked for. */
  readonly general: number;
  readonly generalAsked: number;
  readonly dropped: Readonly<Record<string, number>>;
  readonly spread: Spread;
}

const PAIR_ROWS = {
  columns: ['prompt', 'chosen', 'rejected'],
  read: readPreferenceRow,
  invalid: 'Preferences.Invalid',
} as const;

/**
 * Pairs the best completion of each prompt with a random other one and mixes general pairs in, in a seeded order and
 * in little memory. Same completions, same bytes. Fails with Preferences.Empty where no prompt gives a pair, and with
 * Preferences.Invalid on a general row that is none.
 */
export function buildPreferencePairs(deps: ActivityDeps, input: BuildPreferencePairsInput): Promise<PreferencePairs> {
  return whileBeating((signal) =>
    inWorkFolder(deps.node.home, `preferences-${input.run}`, (folder) => buildPairs(deps, input, folder, signal)),
  );
}

async function buildPairs(
  deps: ActivityDeps,
  input: BuildPreferencePairsInput,
  local: string,
  signal: AbortSignal,
): Promise<PreferencePairs> {
  const { seed, preferences } = await deps.files.config(input);
  const scratch = join(local, 'scratch');
  await mkdir(scratch);
  const { folder, prompts } = input;
  const { file, spreads, dropped } = await pairCompletions(deps, input, { local, scratch }, signal);
  const pairs = spreads.length;
  if (pairs === 0)
    throw failure('Preferences.Empty', `none of ${prompts} prompts gave a pair (${JSON.stringify(dropped)})`);
  const own = await openSeededRows(file, pairs, seed);
  const general: GeneralRows[] = [];
  try {
    for (const [index, source] of preferences.general.entries()) {
      const place = { seed, ours: pairs, local: join(scratch, `general-${index}`) };
      general.push(await takeGeneralRows(deps.store, source, PAIR_ROWS, place));
    }
    const sum = (of: 'taken' | 'asked') => general.reduce((total, one) => total + one[of], 0);
    const written = await writeMerged(join(local, 'pairs.jsonl'), [own, ...general], signal);
    const spread = summarizeSpread(spreads);
    const reasons = Object.entries(dropped).map(([reason, count]) => [`dropped.${reason}`, count] as const);
    await uploadFiles(
      deps.store,
      folder,
      local,
      [{ path: 'pairs.jsonl', rows: written.rows }, { path: 'scores.jsonl' }],
      {
        inputs: written.sha256,
        counts: { prompts, pairs, dropped: sumCounts(dropped), ...Object.fromEntries(reasons), general: sum('taken') },
        statistics: Object.fromEntries(Object.entries(spread).map(([name, points]) => [`spread.${name}`, points])),
        madeFrom: {
          pairs: JSON.stringify({ seed, ...preferences, general: undefined, sampling: undefined }),
          general: preferences.general.map((source) => source.file),
          mix: JSON.stringify(preferences.general),
        },
      },
    );
    return { folder, prompts, pairs, general: sum('taken'), generalAsked: sum('asked'), dropped, spread };
  } finally {
    for (const rows of [own, ...general]) await rows.close();
  }
}

/** Writes all rows to one local file by their keys; says how many, and the SHA-256 of the file. */
async function writeMerged(
  localFile: string,
  files: readonly SeededRows[],
  signal: AbortSignal,
): Promise<{ rows: number; sha256: string }> {
  const writer = new LineFileWriter(localFile);
  const hash = createHash('sha256');
  try {
    for await (const line of mergeRows(files).until(Infinity)) {
      signal.throwIfAborted();
      hash.update(line).update('\n');
      await writer.write(line);
    }
  } catch (error) {
    writer.discard();
    throw error;
  }
  return { rows: await writer.close(), sha256: hash.digest('hex') };
}
