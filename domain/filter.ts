import { lengthScore } from './length.ts';
import type { RejectionReason } from './schemas/sample.ts';

/** Thresholds of the filter. */
export interface FilterSettings {
  /** Words a sample must have. */
  readonly minWords: number;
  /** S_l against the required length, 0 to 100; 0 is off. */
  readonly minLengthScore: number;
}

/** Whether a finished text is kept, and if not, the one reason. */
export function filterSample(
  words: number,
  required: number | undefined,
  settings: FilterSettings,
): RejectionReason | undefined {
  if (words < settings.minWords) return 'too-short';
  if (required !== undefined && lengthScore(required, words) < settings.minLengthScore) return 'length-score';
  return undefined;
}
