import { z } from 'zod';
import { DIMENSIONS, MeanRubricScores } from './completion.ts';
import { BenchmarkRow } from './instruction.ts';

/** One line of answers that are there already, as pred.py (pred.jsonl) or eval_quality.py (judge.jsonl) leave them. */
export interface Prediction extends BenchmarkRow {
  readonly response: string;
  /** The judge's scores, where the line has them. */
  readonly scores?: MeanRubricScores;
}

const Row = BenchmarkRow.extend({
  response: z.string({ error: 'expected a text' }),
  scores: z.record(z.string(), z.unknown()).nullish(),
});

/** A dimension by its letters alone: the spelling of ours and of the released code ("Breadth and Depth") are one. */
const lettersOf = (text: string): string => text.replace(/[^a-z]/gi, '').toLowerCase();

/**
 * Reads a line of pred.jsonl or judge.jsonl; `undefined` is the aggregate that eval_quality.py appends, which is no answer.
 * `response_length` is passed over, since words are counted anew.
 */
export function readPrediction(
  value: Readonly<Record<string, unknown>>,
): Prediction | { readonly problem: string } | undefined {
  if (value['prompt'] === undefined && value['response'] === undefined && readScores(value)) return undefined;
  const parsed = Row.safeParse(value);
  const [issue] = parsed.error?.issues ?? [];
  if (issue) return { problem: `${issue.path.join('.') || 'the object'}: ${issue.message}` };
  const { scores: given, ...row } = parsed.data!;
  if (given === undefined || given === null) return row;
  const scores = MeanRubricScores.safeParse(ratingsOf(given));
  if (scores.success) return { ...row, scores: scores.data };
  return { problem: `scores.${scores.error.issues[0]!.path.join('.')}: expected a number from 1 to 5` };
}

/** Whether all six dimensions are there with numbers, of whatever scale. */
function readScores(value: Readonly<Record<string, unknown>>): boolean {
  const found = ratingsOf(value);
  return DIMENSIONS.every((dimension) => Number.isFinite(found[dimension]));
}

/** What an object says of the six dimensions; the released code takes a number in quotes, too. */
function ratingsOf(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const byLetters = new Map(Object.entries(value).map(([key, one]) => [lettersOf(key), one]));
  return Object.fromEntries(
    DIMENSIONS.map((dimension) => {
      const one = byLetters.get(lettersOf(dimension));
      return [dimension, typeof one === 'string' && one.trim() !== '' ? Number(one) : one];
    }),
  );
}
