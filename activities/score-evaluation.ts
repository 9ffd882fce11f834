import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunConfig } from '../configs/schema.ts';
import type { EvaluationScores } from '../domain/schemas/evaluation.ts';
import type { ModelReference } from '../domain/schemas/run.ts';
import { scoreCompletions } from '../domain/scores.ts';
import { CONFIDENCE } from '../domain/statistics.ts';
import type { ActivityDeps } from './deps.ts';
import { findManifest, uploadFiles } from './folder.ts';
import { whileBeating } from './heartbeat.ts';
import { jsonBytes } from './io/store/json.ts';
import { judgeSettings, UNKNOWN_JUDGE } from './judge-settings.ts';
import type { Fresh, PromptFolder } from './list-prompts.ts';
import type { RunReference } from './run-files.ts';
import { inWorkFolder } from './work-folder.ts';
import { writeEvaluationRows } from './write-evaluation-rows.ts';

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

/**
 * Computes a model's scores from its completions and judgements, and writes them beside these with all rows. Texts pass
 * through and are not held. Same completions and judgements, same bytes; what stands already is left alone.
 */
export function scoreEvaluation(deps: ActivityDeps, input: ScoreEvaluationInput): Promise<Evaluation> {
  return whileBeating((signal) =>
    inWorkFolder(deps.node.home, `scores-${input.run}`, (local) => writeScores(deps, input, local, signal)),
  );
}

async function writeScores(
  deps: ActivityDeps,
  input: ScoreEvaluationInput,
  local: string,
  signal: AbortSignal,
): Promise<Evaluation> {
  const config = await deps.files.config(input);
  const { numbers, judgements, sha256 } = await writeEvaluationRows(deps, input, local, signal);
  const resampling = { resamples: config.evaluation.resamples, seed: config.seed };
  const scores: EvaluationScores = {
    model: input.model.name,
    identity: input.model.identity,
    judge: input.imported?.judged ? UNKNOWN_JUDGE : await judgeSettings(deps.files, config, input.judgements),
    ...askedOf(input.model, config),
    ...(input.fresh?.judgements === undefined ? {} : { fresh: input.fresh.judgements }),
    statistics: { confidence: CONFIDENCE, ...resampling },
    ...scoreCompletions(numbers, resampling),
  };
  const bytes = jsonBytes(scores);
  const inputs = createHash('sha256').update(sha256).update(bytes).digest('hex');
  if ((await findManifest(deps.store, input.folder))?.inputs !== inputs) {
    await writeFile(join(local, 'scores.json'), bytes);
    await uploadFiles(
      deps.store,
      input.folder,
      local,
      [
        { path: 'completions.jsonl', rows: numbers.length },
        { path: 'judgements.jsonl', rows: judgements },
        { path: 'scores.json' },
      ],
      { inputs, counts: { completions: numbers.length, unscored: scores.overall.unscored } },
    );
  }
  const { lengthScore, qualityScore, words } = scores.overall;
  return {
    folder: input.folder,
    completions: numbers.length,
    words: words.mean,
    lengthScore: lengthScore.mean,
    qualityScore: qualityScore.mean,
  };
}

/** What the model was asked, and how; of answers that were imported only where they come from is known. */
function askedOf(
  { location }: ModelReference,
  { evaluation }: RunConfig,
): Pick<EvaluationScores, 'benchmark' | 'sampling'> {
  if (location.kind === 'predictions') return { benchmark: location.key };
  const { temperature, topP, maxTokens } = evaluation.sampling;
  return {
    benchmark: evaluation.benchmark,
    sampling: { temperature, ...(topP === undefined ? {} : { topP }), maxTokens },
  };
}
