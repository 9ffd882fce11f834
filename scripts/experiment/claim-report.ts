import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { findJson } from '../../activities/io/store/json.ts';
import type { Store } from '../../activities/io/store/store.ts';
import {
  drawClaimPictures,
  renderClaim,
  renderClaimMarkdown,
  summary,
  type ClaimReport,
} from '../../activities/report/claim.ts';
import { evaluationsOf } from '../../activities/report/claim-tables.ts';
import { duration } from '../../activities/report/format.ts';
import { plain, type Table } from '../../activities/report/table.ts';
import { judgeClaims, lookCloser, type Dose, type Measured } from '../../domain/claim.ts';
import { scoresKey, stageKey } from '../../domain/keys.ts';
import { STAGES } from '../../domain/names.ts';
import { RunScores, type EvaluationScores } from '../../domain/schemas/evaluation.ts';
import { ModelReference, StageRecord } from '../../domain/schemas/run.ts';
import { readDataset, type RunDataset } from '../dataset.ts';
import { CommandError, EXIT } from '../exit.ts';
import { findConfig } from '../runs.ts';
import { castOf, factsOf } from './claim-facts.ts';

/** The runs of a finished experiment, and where its report goes. */
export interface FinishedClaim {
  /** The command that made it. */
  readonly command: string;
  /** What its reader has to know before anything else. */
  readonly note?: string | undefined;
  /** From the shortest outputs to the longest. */
  readonly trained: readonly { readonly run: string; readonly maxWords: number; readonly model: string }[];
  /** The evaluation. */
  readonly scores: string;
  /** Folder here. */
  readonly out: string;
}

/** Writes the report of a finished experiment: HTML, Markdown with its pictures, and all numbers. Returns the files. */
export async function writeClaimReport(store: Store, finished: FinishedClaim): Promise<string[]> {
  const { trained, scores: run } = finished;
  const scores = await findJson(store, scoresKey(run), RunScores);
  if (!scores) throw new CommandError(EXIT.failed, `run ${run} has no scores in store ${store.url}`);
  const datasets = await Promise.all(trained.map((one) => readDataset(store, one.run)));
  const measured = measuredOf(
    scores,
    trained.map((one, index) => ({ ...one, dataset: datasets[index]! })),
  );
  for (const { run: from, model } of trained) await checkSameModel(store, from, 'sft', model, scores);
  await checkSameModel(store, trained.at(-1)!.run, 'dpo', 'dpo', scores);
  const claims = judgeClaims(measured);
  const runs = [...trained.map((one) => one.run), run];
  const { config } = (await findConfig(store, trained.at(-1)!.run))!;
  const report: ClaimReport = {
    measured,
    claims,
    closer: lookCloser(measured),
    ...(finished.note === undefined ? {} : { note: finished.note }),
    times: await timesOf(store, runs),
    cast: await castOf(store, config, trained.at(-1)!.run, datasets.at(-1)!),
    facts: await factsOf(store, finished, config, scores, datasets),
  };
  const out = resolve(finished.out);
  const files: Readonly<Record<string, string>> = {
    'claim.html': renderClaim(report),
    'claim.md': renderClaimMarkdown(report, '.'),
    'claim.json': `${JSON.stringify(numbersOf(report), null, 2)}\n`,
    ...drawClaimPictures(measured),
  };
  await mkdir(out, { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(out, name), text);
  console.log(summary(claims));
  return Object.keys(files).map((name) => join(out, name));
}

/** Fails where a model was trained anew since it was measured: its scores are of another one. */
async function checkSameModel(
  store: Store,
  run: string,
  stage: 'sft' | 'dpo',
  model: string,
  scores: RunScores,
): Promise<void> {
  const record = await findJson(store, stageKey(run, stage), StageRecord);
  const trained = z.object({ model: ModelReference }).parse(record?.outcome).model.identity;
  if (scores.evaluations.find((one) => one.model === model)?.identity === trained) return;
  throw new CommandError(
    EXIT.failed,
    `run ${scores.run} measured another ${model} than run ${run} has now; choose another --name`,
  );
}

/** All numbers of a report, for a program. */
function numbersOf({ claims, closer, measured }: ClaimReport): object {
  return {
    claims,
    closer,
    doses: measured.doses.map(({ scores: _scores, ...dose }) => dose),
    evaluations: evaluationsOf(measured),
  };
}

type TrainedClaim = FinishedClaim['trained'][number] & { readonly dataset: RunDataset };

function measuredOf({ evaluations }: RunScores, trained: readonly TrainedClaim[]): Measured {
  const scoresOf = (model: string): EvaluationScores => {
    const found = evaluations.find((one) => one.model === model);
    if (!found) throw new CommandError(EXIT.failed, `the evaluation has no scores of ${model}`);
    return found;
  };
  const doses = trained.map(({ model, maxWords, dataset }): Dose & { scores: EvaluationScores } => {
    const words = dataset.entries.flatMap((entry) => (entry.split === 'train' ? (entry.words ?? []) : []));
    const total = words.reduce((sum, one) => sum + one, 0);
    const [rows, longest] = [words.length, Math.max(...words)];
    return { model, maxWords, longest, meanWords: total / rows, rows, scores: scoresOf(model) };
  });
  return { base: scoresOf('base'), doses, dpo: scoresOf('dpo') };
}

/** What the stages of the runs took, as their records have it; a run that found its samples took no time for them. */
async function timesOf(store: Store, runs: readonly string[]): Promise<Table> {
  const rows = await Promise.all(
    runs.map(async (run) => {
      const records = await Promise.all(STAGES.map((stage) => findJson(store, stageKey(run, stage), StageRecord)));
      return records.map((record) => (record ? Date.parse(record.endedAt) - Date.parse(record.startedAt) : undefined));
    }),
  );
  const told = (ms: number | undefined) => plain(ms === undefined ? '–' : duration(ms / 1000));
  const total = rows.flat().reduce<number>((sum, ms) => sum + (ms ?? 0), 0);
  return {
    title: 'Time by run and stage',
    head: ['Run', ...STAGES],
    rows: [
      ...runs.map((run, index) => [plain(run), ...rows[index]!.map(told)]),
      [plain('all stages'), told(total), ...STAGES.slice(1).map(() => plain(''))],
    ],
  };
}
