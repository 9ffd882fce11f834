import {
  DIMENSIONS,
  type Completion,
  type CompletionPrompt,
  type Dimension,
  type MeanRubricScores,
} from './schemas/completion.ts';

/** The dimensions as the released code spells them. Source: DIMS in THUDM/LongWriter evaluation/eval_quality.py. */
export const RELEASED_NAMES: Readonly<Record<Dimension, string>> = {
  relevance: 'Relevance',
  accuracy: 'Accuracy',
  coherence: 'Coherence',
  clarity: 'Clarity',
  breadthAndDepth: 'Breadth and Depth',
  readingExperience: 'Reading Experience',
};

/** A line of pred.jsonl, as pred.py of the released code writes it. */
export interface ReleasedPrediction {
  readonly prompt: string;
  readonly type: string;
  readonly length: number;
  readonly response_length: number;
  readonly response: string;
}

/** A completion as a line of pred.jsonl. */
export function releasedPrediction(
  { prompt, type, length }: CompletionPrompt,
  { words, text }: Pick<Completion, 'words' | 'text'>,
): ReleasedPrediction {
  return { prompt, type, length, response_length: words, response: text };
}

/** Scores as a line of judge.jsonl has them: 1 to 5, a mean where a text was judged in windows. */
export function releasedScores(scores: MeanRubricScores): Record<string, number> {
  return Object.fromEntries(DIMENSIONS.map((dimension) => [RELEASED_NAMES[dimension], scores[dimension]]));
}

/**
 * The last line of judge.jsonl: the means of its lines as 0 to 100, and `total`, the mean of the six.
 *
 * Source: the end of eval_quality.py.
 * @param scores of the lines, at least one
 */
export function releasedAggregate(scores: readonly MeanRubricScores[]): Record<string, number> {
  const means = DIMENSIONS.map((dimension): [string, number] => {
    const mean = scores.reduce((sum, one) => sum + one[dimension], 0) / scores.length;
    return [RELEASED_NAMES[dimension], (mean - 1) * 25];
  });
  const total = means.reduce((sum, [, mean]) => sum + mean, 0) / means.length;
  return { ...Object.fromEntries(means), total };
}
