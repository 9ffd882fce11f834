import { countWords, lengthScore } from './length.ts';
import { isStuck, repeatedShare } from './repetition.ts';
import type { Degeneration, ModelGate, ProbeAnswer, ProbeScores } from './schemas/probe.ts';

const GRAM_TOKENS = 8;

/** Share of its 8-grams repeated above which an answer that met the token limit went round in circles. */
const LOOPED = 0.5;

/** What a trained model may lose, and may be, to pass. */
export interface GateLimits {
  /** Points of mean S_l below the model that the training began with. */
  readonly maxLengthScoreDrop: number;
  /** Mean share of an answer's 8-grams that stood in it before, 0 to 1. */
  readonly maxRepeated: number;
  /** Share of the answers that are degenerate, 0 to 1. */
  readonly maxDegenerateFraction: number;
}

/** An answer, and how it is seen. */
export interface ScoredAnswer extends ProbeAnswer {
  readonly required: number;
  readonly words: number;
  readonly lengthScore: number;
  readonly repeated: number;
  readonly degenerate?: Degeneration;
}

/** Scores one answer to a prompt that asks for `required` words, above 0. */
export function scoreAnswer(answer: ProbeAnswer, required: number): ScoredAnswer {
  const words = countWords(answer.text);
  const repeated = repeatedShare(answer.text, GRAM_TOKENS);
  const degenerate = degenerationOf(answer, repeated);
  const score = lengthScore(required, words);
  return { ...answer, required, words, lengthScore: score, repeated, ...(degenerate ? { degenerate } : {}) };
}

function degenerationOf({ text, stopped, finite }: ProbeAnswer, repeated: number): Degeneration | undefined {
  if (!finite) return 'not-finite';
  if (!/[\p{L}\p{N}]/u.test(text)) return 'empty';
  if (isStuck(text)) return 'run';
  return !stopped && repeated > LOOPED ? 'loop' : undefined;
}

/** The scores of a model over its answers, one at least. */
export function summarizeProbe(answers: readonly ScoredAnswer[]): ProbeScores {
  const mean = (value: (answer: ScoredAnswer) => number) =>
    answers.reduce((sum, answer) => sum + value(answer), 0) / answers.length;
  const degenerate: Partial<Record<Degeneration, number>> = {};
  for (const { degenerate: kind } of answers) if (kind) degenerate[kind] = (degenerate[kind] ?? 0) + 1;
  return {
    answers: answers.length,
    lengthScore: mean((answer) => answer.lengthScore),
    repeated: mean((answer) => answer.repeated),
    words: mean((answer) => answer.words),
    stopped: answers.filter(({ stopped }) => stopped).length,
    degenerate,
  };
}

/** Whether a trained model passes, held against the model that its training began with. */
export function judgeModel(trained: ProbeScores, base: ProbeScores, limits: GateLimits): ModelGate {
  const measured = [
    { kind: 'degenerate', value: countDegenerate(trained) / trained.answers, limit: limits.maxDegenerateFraction },
    { kind: 'length-score', value: base.lengthScore - trained.lengthScore, limit: limits.maxLengthScoreDrop },
    { kind: 'repeated', value: trained.repeated, limit: limits.maxRepeated },
  ] as const;
  const reasons = measured.filter(({ value, limit }) => value > limit);
  return { passed: reasons.length === 0, reasons, trained, base };
}

/** The verdict in a few words: what S_l and n are, and each limit that was passed. */
export function gateLine({ passed, reasons, trained, base }: ModelGate): string {
  const scores = `S_l ${base.lengthScore.toFixed(1)} → ${trained.lengthScore.toFixed(1)}, n = ${trained.answers}`;
  const why = reasons.map((reason) => gateReason(reason, trained));
  return `short prompts ${passed ? 'passed' : 'failed'} (${[scores, ...why].join('; ')})`;
}

/** One limit that was passed, with its numbers. */
export function gateReason({ kind, value, limit }: ModelGate['reasons'][number], trained: ProbeScores): string {
  switch (kind) {
    case 'degenerate': {
      const kinds = Object.entries(trained.degenerate).map(([name, count]) => `${count} ${name}`);
      return `${countDegenerate(trained)} of ${trained.answers} answers degenerate (${kinds.join(', ')}), ${percent(limit)} allowed`;
    }
    case 'length-score':
      return `mean S_l fell by ${value.toFixed(1)}, ${limit} allowed`;
    case 'repeated':
      return `${percent(value)} repeated, ${percent(limit)} allowed`;
  }
}

function countDegenerate({ degenerate }: ProbeScores): number {
  return Object.values(degenerate).reduce((sum, count) => sum + count, 0);
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
