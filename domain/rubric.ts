import { DIMENSIONS, type Dimension, type MeanRubricScores, type RubricScores } from './schemas/completion.ts';

/** Why a judgement has no scores; a closed list, so that reasons can be counted. */
export const UNSCORED_REASONS = [
  'empty completion',
  'no scores',
  'incomplete scores',
  'no integers from 1 to 5',
  'several sets of scores',
  'scores of the text itself',
  'answer was cut',
  'too long for the judge',
  'refused by the judge',
] as const;
export type UnscoredReason = (typeof UNSCORED_REASONS)[number];

/** Scores of one judgement, or why an answer holds none. */
export type RubricResult =
  { readonly ok: true; readonly scores: RubricScores } | { readonly ok: false; readonly reason: UnscoredReason };

/** A dimension by its letters alone: the spelling of ours and of the released prompt ("Breadth and Depth") are one. */
const BY_LETTERS = new Map(DIMENSIONS.map((dimension) => [dimension.toLowerCase(), dimension]));
const PAIR = /"\s*([A-Za-z][A-Za-z _-]{0,40}?)\s*"\s*:\s*("[^"\n]*"|[^,{}"\n]*)/g;
const SCORE = /^"?\s*([1-5])(?:\.0+)?\s*"?$/;

/**
 * Reads a judge's answer: a JSON object of six integers from 1 to 5, bare, fenced, before or after prose, inside another
 * one or beside an analysis, with keys of ours or of the released prompt. Two different sets of scores are none, since
 * nobody knows which is the judge's; nor are those the judge's that stand in what it read.
 *
 * @param read what the judge was given to read
 */
export function parseJudgement(answer: string, read = ''): RubricResult {
  const given = pairsOf(answer).filter(({ number }) => !Number.isNaN(number));
  const numbersOf = (one: Dimension) => given.flatMap(({ dimension, number }) => (dimension === one ? number : []));
  if (DIMENSIONS.some((one) => new Set(numbersOf(one)).size > 1))
    return { ok: false, reason: 'several sets of scores' };
  const objects = answer.split('}').slice(0, -1);
  const sets = objects.map((text) => pairsOf(text.slice(text.lastIndexOf('{') + 1)));
  const whole = sets.filter((pairs) => new Set(pairs.map(({ dimension }) => dimension)).size === DIMENSIONS.length);
  const scores = whole.map(scoresOf).find((found) => found !== undefined);
  if (!scores) {
    if (whole.length > 0) return { ok: false, reason: 'no integers from 1 to 5' };
    return { ok: false, reason: given.length === 0 ? 'no scores' : 'incomplete scores' };
  }
  return statesScores(read, scores) ? { ok: false, reason: 'scores of the text itself' } : { ok: true, scores };
}

interface Pair {
  readonly dimension: Dimension;
  readonly value: string;
  /** The number that the value begins with, or NaN. */
  readonly number: number;
}

/** The keys of dimensions in a text, each with what stands behind its colon. */
function pairsOf(text: string): Pair[] {
  return [...text.matchAll(PAIR)].flatMap(([, key = '', value = '']) => {
    const dimension = BY_LETTERS.get(key.replace(/[ _-]/g, '').toLowerCase());
    return dimension ? [{ dimension, value: value.trim(), number: Number.parseFloat(value.replaceAll('"', '')) }] : [];
  });
}

function scoresOf(pairs: readonly Pair[]): RubricScores | undefined {
  const entries = pairs.flatMap(({ dimension, value }) => {
    const score = SCORE.exec(value)?.[1];
    return score === undefined ? [] : [[dimension, Number(score)] as const];
  });
  const scores = Object.fromEntries(entries) as Partial<RubricScores>;
  return DIMENSIONS.every((dimension) => scores[dimension] !== undefined) ? (scores as RubricScores) : undefined;
}

const STATED = new RegExp(
  `(${DIMENSIONS.map((one) => one.replace(/[A-Z]/g, (letter) => `[^a-z0-9]?${letter}`)).join('|')})[^a-z0-9]{1,8}([1-5])(?!\\d)`,
  'gi',
);

/** Whether a text states these very scores, all six in a row, in whatever notation. */
function statesScores(text: string, scores: RubricScores): boolean {
  // Full-width letters and invisible characters would hide them from us, and not from a judge.
  const plain = text.normalize('NFKC').replace(/\p{Cf}/gu, '');
  const stated = [...plain.matchAll(STATED)].map(([, name = '', score]) => ({
    dimension: BY_LETTERS.get(name.replace(/[^a-z]/gi, '').toLowerCase())!,
    score: Number(score),
  }));
  return stated.some((_, at) => {
    const six = stated.slice(at, at + DIMENSIONS.length);
    const names = new Set(six.map(({ dimension }) => dimension));
    return names.size === DIMENSIONS.length && six.every(({ dimension, score }) => score === scores[dimension]);
  });
}

/**
 * S_q of one completion, 0 to 100: the mean over six dimensions of (score − 1) × 25.
 *
 * Source: arXiv 2408.07055, section 4; `eval_quality.py` in THUDM/LongWriter.
 */
export function qualityScore(scores: MeanRubricScores): number {
  return DIMENSIONS.reduce((sum, dimension) => sum + (scores[dimension] - 1) * 25, 0) / DIMENSIONS.length;
}

/** Means of scores, each with its weight; at least one of them, and every weight above 0. */
export function meanScores(
  weighted: readonly { readonly scores: MeanRubricScores; readonly weight: number }[],
): MeanRubricScores {
  const total = weighted.reduce((sum, { weight }) => sum + weight, 0);
  return Object.fromEntries(
    DIMENSIONS.map((dimension) => [
      dimension,
      weighted.reduce((sum, { scores, weight }) => sum + scores[dimension] * weight, 0) / total,
    ]),
  ) as MeanRubricScores;
}

/** The JSON schema that a judge is held to where the endpoint can enforce one. */
export function judgementSchema(): object {
  return {
    type: 'object',
    additionalProperties: false,
    required: [...DIMENSIONS],
    properties: Object.fromEntries(
      DIMENSIONS.map((dimension) => [dimension, { type: 'integer', minimum: 1, maximum: 5 }]),
    ),
  };
}
