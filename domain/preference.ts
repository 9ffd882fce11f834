import { fingerprint } from './fingerprint.ts';

/** A completion with its scores; `quality` is absent where the judge gave none. */
export interface ScoredCompletion {
  readonly completion: number;
  readonly text: string;
  readonly lengthScore: number;
  readonly qualityScore: number | undefined;
}

/** A preference pair, or why a prompt gives none. */
export type PairResult =
  | {
      readonly ok: true;
      readonly chosen: ScoredCompletion;
      readonly rejected: ScoredCompletion;
      readonly spread: number;
    }
  | { readonly ok: false; readonly reason: 'unscored' | 'spread-too-small' | 'empty' };

/**
 * The pair of one prompt: chosen is the best completion, rejected one of the others by the seed.
 *
 * Source: arXiv 2408.07055, section 4.2 (best of four against a random one of the other three). How the two scores are
 * weighed is not stated there: `lengthWeight` is the share of S_l.
 */
export function choosePair(
  completions: readonly ScoredCompletion[],
  settings: {
    readonly seed: number;
    readonly prompt: string;
    readonly lengthWeight: number;
    readonly minSpread: number;
  },
): PairResult {
  const scored = completions.flatMap((completion) =>
    completion.qualityScore === undefined || completion.text.trim() === ''
      ? []
      : [{ completion, score: pairScore(completion.lengthScore, completion.qualityScore, settings.lengthWeight) }],
  );
  if (scored.length < 2)
    return { ok: false, reason: completions.some(({ text }) => text.trim() === '') ? 'empty' : 'unscored' };
  scored.sort((a, b) => b.score - a.score || a.completion.completion - b.completion.completion);
  const [best, ...others] = scored;
  const draw = Number.parseInt(fingerprint([settings.seed, settings.prompt]).slice(0, 8), 16) % others.length;
  const rejected = others[draw]!;
  const spread = best!.score - rejected.score;
  if (spread < settings.minSpread) return { ok: false, reason: 'spread-too-small' };
  return { ok: true, chosen: best!.completion, rejected: rejected.completion, spread };
}

/** A completion's score for pairing, 0 to 100. */
export function pairScore(lengthScore: number, qualityScore: number, lengthWeight: number): number {
  return lengthWeight * lengthScore + (1 - lengthWeight) * qualityScore;
}
