import { fingerprint } from './fingerprint.ts';

/** A completion with its scores; `qualityScore` is undefined where the judge gave none. */
export interface ScoredCompletion {
  readonly completion: number;
  readonly text: string;
  /** Whether it was cut at the token limit. */
  readonly truncated: boolean;
  readonly lengthScore: number;
  readonly qualityScore: number | undefined;
}

/** Why a prompt gives no pair. */
export type PairRefusal = 'unscored' | 'empty' | 'truncated' | 'identical' | 'spread-too-small';

/** A preference pair, or why a prompt gives none. */
export type PairResult =
  | {
      readonly ok: true;
      readonly chosen: ScoredCompletion;
      readonly rejected: ScoredCompletion;
      readonly spread: number;
    }
  | { readonly ok: false; readonly reason: PairRefusal };

/** How pairs are made. */
export interface PairSettings {
  readonly seed: number;
  readonly prompt: string;
  readonly lengthWeight: number;
  readonly minSpread: number;
  /** Whether a completion that was cut at the token limit can be chosen; it can be rejected either way. */
  readonly chooseTruncated: boolean;
}

/**
 * The pair of one prompt: chosen is the best completion, rejected one of the others by the seed.
 *
 * Source: arXiv 2408.07055, section 4.2 (best of four against a random one of the other three). How the two scores are
 * weighed is not stated there: `lengthWeight` is the share of S_l.
 */
export function choosePair(completions: readonly ScoredCompletion[], settings: PairSettings): PairResult {
  const scored = completions.flatMap((completion) => {
    const score = pairScore(completion.lengthScore, completion.qualityScore, settings.lengthWeight);
    return score === undefined || completion.text.trim() === '' ? [] : [{ completion, score }];
  });
  if (scored.length < 2)
    return { ok: false, reason: completions.some(({ text }) => text.trim() === '') ? 'empty' : 'unscored' };
  scored.sort((a, b) => b.score - a.score || a.completion.completion - b.completion.completion);
  const best = scored.find(({ completion }) => settings.chooseTruncated || !completion.truncated);
  if (!best) return { ok: false, reason: 'truncated' };
  const text = best.completion.text.trim();
  // The same text may have two scores, since judges are drawn; it cannot be better than itself.
  const others = scored.filter(({ completion }) => completion.text.trim() !== text);
  if (others.length === 0) return { ok: false, reason: 'identical' };
  const draw = Number.parseInt(fingerprint([settings.seed, settings.prompt]).slice(0, 8), 16) % others.length;
  const rejected = others[draw]!;
  const spread = best.score - rejected.score;
  if (spread < settings.minSpread) return { ok: false, reason: 'spread-too-small' };
  return { ok: true, chosen: best.completion, rejected: rejected.completion, spread };
}

/** Judgements of each completion that pairs are made of: where S_q has no weight, nobody pays for it. */
export const pairJudgements = (lengthWeight: number): number => (lengthWeight === 1 ? 0 : 1);

/** A completion's score for pairing, 0 to 100; undefined where it hangs on S_q and there is none. */
export function pairScore(
  lengthScore: number,
  qualityScore: number | undefined,
  lengthWeight: number,
): number | undefined {
  if (lengthWeight === 1) return lengthScore;
  return qualityScore === undefined ? undefined : lengthWeight * lengthScore + (1 - lengthWeight) * qualityScore;
}

/** Points between the chosen and the rejected completions of a number of pairs. */
export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly mean: number;
  readonly max: number;
}

/** The spread of one pair or more. */
export function summarizeSpread(spreads: readonly number[]): Spread {
  const sorted = spreads.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return {
    min: sorted[0]!,
    median: (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2,
    mean: sorted.reduce((sum, spread) => sum + spread, 0) / sorted.length,
    max: sorted.at(-1)!,
  };
}
