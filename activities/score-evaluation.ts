import { numbersOf } from '../domain/evaluation.ts';
import { fingerprint, sha256Hex } from '../domain/fingerprint.ts';
import { JUDGE_PROMPT } from '../domain/prompts.ts';
import type { Spending } from '../domain/schemas/call.ts';
import type { EvaluationScores } from '../domain/schemas/evaluation.ts';
import type { ModelReference } from '../domain/schemas/run.ts';
import { scoreCompletions } from '../domain/scores.ts';
import { CONFIDENCE } from '../domain/statistics.ts';
import { readCompletionSet } from './completion-set.ts';
import type { ActivityDeps } from './deps.ts';
import { whileBeating } from './heartbeat.ts';
import { writeFolder } from './folder.ts';
import { jsonBytes, jsonLinesBytes } from './io/store/json.ts';
import type { Fresh, PromptFolder } from './list-prompts.ts';
import { modelIdentity, type RunReference } from './run-files.ts';

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
  const resampling = { resamples: config.evaluation.resamples, seed: config.seed };
  const rows = await readCompletionSet(deps, input);
  const judgePrompt = config.prompts.judge === undefined ? JUDGE_PROMPT : await deps.files.text(config.prompts.judge);
  const scores: EvaluationScores = {
    model: input.model.name,
    identity: input.model.identity,
    judge: {
      model: modelIdentity(config, 'judge'),
      temperature: config.judge.sampling.temperature,
      promptHash: sha256Hex(judgePrompt).slice(0, 16),
      judgements: input.judgements,
      windowWords: config.judge.windowWords,
    },
    benchmark: config.evaluation.benchmark,
    ...(input.fresh?.judgements === undefined ? {} : { fresh: input.fresh.judgements }),
    statistics: { confidence: CONFIDENCE, ...resampling },
    ...scoreCompletions(rows.map(numbersOf), resampling),
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
