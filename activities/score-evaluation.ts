import { qualityOf, summarize, summarizeBuckets } from '../domain/evaluation.ts';
import { fingerprint } from '../domain/fingerprint.ts';
import type { Spending } from '../domain/schemas/call.ts';
import type { EvaluationScores } from '../domain/schemas/evaluation.ts';
import type { ModelReference } from '../domain/schemas/run.ts';
import { readCompletionSet } from './completion-set.ts';
import type { ActivityDeps } from './deps.ts';
import { whileBeating } from './heartbeat.ts';
import { writeFolder } from './folder.ts';
import { jsonBytes, jsonLinesBytes } from './io/store/json.ts';
import { judgeSettings } from './judge-settings.ts';
import type { Fresh, PromptFolder } from './list-prompts.ts';
import type { RunReference } from './run-files.ts';

export interface ScoreEvaluationInput extends RunReference, PromptFolder {
  readonly fresh?: Fresh;
  readonly model: ModelReference;
}

/** Scores of one model, by the folder that holds them all. */
export interface Evaluation {
  readonly folder: string;
  readonly completions: number;
  readonly words: number | null;
  readonly lengthScore: number | null;
  readonly qualityScore: number | null;
}

/** Computes a model's scores from its completions and judgements, and writes them beside these. */
export function scoreEvaluation(deps: ActivityDeps, input: ScoreEvaluationInput): Promise<Evaluation> {
  return whileBeating(() => writeScores(deps, input));
}

async function writeScores(deps: ActivityDeps, input: ScoreEvaluationInput): Promise<Evaluation> {
  const config = await deps.files.config(input);
  const rows = await readCompletionSet(deps, input);
  const scores: EvaluationScores = {
    model: input.model.name,
    identity: input.model.identity,
    judge: await judgeSettings(deps.files, config, input.judgements),
    benchmark: config.evaluation.benchmark,
    ...(input.fresh?.judgements === undefined ? {} : { fresh: input.fresh.judgements }),
    statistics: { confidence: 0.95, resamples: config.evaluation.resamples, seed: config.seed },
    overall: summarize(rows),
    buckets: summarizeBuckets(rows),
    languages: {},
    types: {},
    lengths: [],
    positions: [],
    spread: { lengthScore: null, qualityScore: null, words: null, judgement: null },
    points: rows.map((row) => ({
      prompt: row.prompt.id,
      completion: row.completion.completion,
      type: row.prompt.type,
      language: 'other',
      required: row.prompt.length,
      written: row.completion.words,
      finishReason: row.completion.finishReason,
      refusal: row.completion.refusal,
      lengthScore: row.completion.lengthScore,
      qualityScore: qualityOf(row) ?? null,
      ...row.completion.measures,
    })),
  };
  await writeFolder(
    deps.store,
    input.folder,
    fingerprint(scores),
    [
      {
        path: 'completions.jsonl',
        bytes: jsonLinesBytes(rows.map(({ completion }) => withoutSpending(completion))),
        rows: rows.length,
      },
      {
        path: 'judgements.jsonl',
        bytes: jsonLinesBytes(rows.flatMap(({ judgements }) => judgements.map(withoutSpending))),
      },
      { path: 'scores.json', bytes: jsonBytes(scores) },
    ],
    { completions: rows.length, unscored: scores.overall.unscored },
  );
  const { lengthScore, qualityScore, words } = scores.overall;
  return {
    folder: input.folder,
    completions: rows.length,
    words: words.mean,
    lengthScore: lengthScore.mean,
    qualityScore: qualityScore.mean,
  };
}

/** A view as a row: what it cost differs from run to run, and rows do not. */
function withoutSpending<T extends { readonly spending: Spending }>(view: T): Omit<T, 'spending'> {
  const { spending, ...row } = view;
  void spending;
  return row;
}
