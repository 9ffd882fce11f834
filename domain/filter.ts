import { expectedScript, foreignShare } from './language.ts';
import { lengthScore } from './length.ts';
import type { RejectionReason } from './schemas/sample.ts';
import { isRefusal } from './section-check.ts';
import { findLeak } from './section-leak.ts';
import { isTruncated } from './truncation.ts';

/** Thresholds of the filters that look at one text; where one is absent or false, the filter is off. */
export interface FilterSettings {
  /** Words a text must have. */
  readonly minWords: number;
  /** S_l against the required length, 0 to 100; 0 is off. */
  readonly minLengthScore: number;
  /** Leave out texts whose instruction states no length. */
  readonly requireLength: boolean;
  /** Leave out texts that begin as a refusal and are short. */
  readonly refusals: boolean;
  /** Leave out texts that end in the middle of a sentence. */
  readonly truncated: boolean;
  /** Leave out texts in which plan lines or notes about the writing stand. */
  readonly leaks: boolean;
  /** Bytes for each byte that gzip needs. */
  readonly maxCompressionRatio?: number | undefined;
  /** Share of the text's 8-grams that stood in it before, 0 to 1. */
  readonly maxRepeated?: number | undefined;
  /** Share of the letters in another script than the instruction asks for, 0 to 1. */
  readonly maxForeign?: number | undefined;
}

/** How repetitive a text is, as the filters see it. */
export interface TextMeasures {
  /** Bytes of the text for each byte that gzip needs. */
  readonly compressionRatio: number;
  /** Share of its 8-grams that stood in it before, 0 to 1. */
  readonly repeated: number;
}

/** A finished text and what it is held against. */
export interface FilteredText {
  readonly instruction: string;
  readonly text: string;
  readonly words: number;
  /** Words or Chinese characters required; absent where the instruction states none. */
  readonly required: number | undefined;
  readonly measures: TextMeasures;
}

/** Why a text is left out. The detail holds words of our own and numbers, never text of a model. */
export interface FilterRefusal {
  readonly reason: RejectionReason;
  readonly detail: string;
}

/** Whether a reason is one of a filter over finished texts, and not of an answer that was refused while it was written. */
export function isFilterReason(reason: RejectionReason): boolean {
  return !/^(?:plan|section|summary)-|^failure-text$/.test(reason);
}

/** The first filter that leaves a finished text out, or undefined where it is kept. */
export function filterText(input: FilteredText, settings: FilterSettings): FilterRefusal | undefined {
  for (const filter of FILTERS) {
    const refusal = filter(input, settings);
    if (refusal) return refusal;
  }
  return undefined;
}

type Filter = (input: FilteredText, settings: FilterSettings) => FilterRefusal | undefined;

/** In the order in which a reader would give the reason: a refusal is short, too, but not for that left out. */
const FILTERS: readonly Filter[] = [
  ({ text, words }, { refusals }) =>
    refusals && isRefusal(text, words) ? refuse('refusal', `begins as a refusal, ${words} words`) : undefined,
  ({ words }, { minWords }) =>
    words < minWords ? refuse('too-short', `${words} words, ${minWords} asked for`) : undefined,
  ({ text }, { truncated }) =>
    truncated && isTruncated(text) ? refuse('truncated', 'ends in the middle of a sentence') : undefined,
  ({ required }, { requireLength }) =>
    requireLength && required === undefined ? refuse('no-length', 'the instruction states no length') : undefined,
  ({ required, words }, { minLengthScore }) => {
    if (required === undefined || lengthScore(required, words) >= minLengthScore) return undefined;
    const score = lengthScore(required, words).toFixed(1);
    return refuse('length-score', `${words} words of ${required} required: S_l ${score}, ${minLengthScore} asked for`);
  },
  ({ measures: { compressionRatio } }, { maxCompressionRatio = Infinity }) =>
    compressionRatio > maxCompressionRatio
      ? refuse('compression', `compresses ${compressionRatio.toFixed(2)} to 1, ${maxCompressionRatio} allowed`)
      : undefined,
  ({ measures: { repeated } }, { maxRepeated = 1 }) =>
    repeated > maxRepeated
      ? refuse('repetition', `${percent(repeated)} of it repeated, ${percent(maxRepeated)} allowed`)
      : undefined,
  ({ instruction, text }, { maxForeign = 1 }) => {
    const expected = maxForeign < 1 ? expectedScript(instruction) : undefined;
    const share = expected === undefined ? 0 : foreignShare(text, expected);
    if (share <= maxForeign) return undefined;
    return refuse(
      'language-mixture',
      `${percent(share)} of it not in script ${expected}, ${percent(maxForeign)} allowed`,
    );
  },
  ({ text }, { leaks }) => {
    const leak = leaks ? findLeak(text) : undefined;
    return leak && refuse('leak', `${leak.kind} on line ${leak.line}`);
  },
];

const refuse = (reason: RejectionReason, detail: string): FilterRefusal => ({ reason, detail });
const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
