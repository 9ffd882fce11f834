import { compareModels, isSameJudge } from './evaluation.ts';
import { fingerprint } from './fingerprint.ts';
import type { Calibration, Estimate, EvaluationScores, Firing } from './schemas/evaluation.ts';

/** What a firing's scores are held against: the scores of the last one that did not fail. */
export interface EarlierFiring {
  readonly scheduledAt: string;
  readonly scores: readonly EvaluationScores[];
  readonly calibration?: Calibration | undefined;
}

/**
 * Prompts below which no fall is called a regression: of fewer all could point down by chance more often than 2.5 times in
 * 100 for all scores together (sign test), whatever an interval says; 6 for one score, 7 for the three of one model.
 */
const fewestPrompts = (among: number): number => Math.ceil(Math.log2(among / 0.025));

const SCORES = { lengthScore: 'S_l', qualityScore: 'S_q', overall: 'S̄' } as const;

/**
 * Whether a score of a model fell by more than its interval: the interval of the difference, prompt by prompt, lies wholly
 * below 0. The intervals of all scores of a firing together hold 95 times in 100, so that many models and scores raise no
 * more alarms by chance than one. S_q of another judge, or under other settings of it, is not compared, nor is anything of another benchmark or sampling.
 *
 * A fall of S_q is the judge's, and no regression, where the judge's drift since the earlier firing lies wholly below 0 and
 * its interval reaches the fall; so is then one of S̄ beside an S_l that did not fall.
 */
export function judgeFiring(
  scores: readonly EvaluationScores[],
  calibration: Calibration | undefined,
  earlier: EarlierFiring | undefined,
): Pick<Firing, 'message' | 'outcome'> {
  const unjudged = scores.filter(({ overall }) => overall.qualityScore.n === 0).map(({ model }) => model);
  if (unjudged.length > 0) return { outcome: 'failed', message: `the judge gave no score of ${unjudged.join(', ')}` };
  if (!earlier) return { outcome: 'steady', message: 'the first firing that did not fail: nothing to compare with' };
  const among = scores.length * Object.keys(SCORES).length;
  const fewest = fewestPrompts(among);
  const drift = driftSince(calibration, earlier.calibration);
  const falls: string[] = [];
  const excused: string[] = [];
  const incomparable: string[] = [];
  for (const now of scores) {
    const before = earlier.scores.find(({ model }) => model === now.model);
    const difference = before && isSameTask(now, before) ? compareModels(now, before, among) : undefined;
    if (!difference || difference.prompts === 0) {
      incomparable.push(now.model);
      continue;
    }
    if (difference.prompts < fewest) incomparable.push(`${now.model} (${difference.prompts} prompts)`);
    if (!isSameJudge(now, before!)) incomparable.push(`S_q of ${now.model}`);
    const hasFallen = (name: keyof typeof SCORES): boolean =>
      difference[name].n >= fewest && isBelowZero(difference[name]);
    const isJudges = hasFallen('qualityScore') && explains(drift, difference.qualityScore);
    for (const name of ['lengthScore', 'qualityScore', 'overall'] as const) {
      if (!hasFallen(name)) continue;
      const isExcused = isJudges && (name === 'qualityScore' || (name === 'overall' && !hasFallen('lengthScore')));
      (isExcused ? excused : falls).push(`${SCORES[name]} of ${now.model} by ${amount(difference[name])}`);
    }
  }
  const said = [
    ...(falls.length > 0 ? [`fell since ${earlier.scheduledAt}: ${falls.join('; ')}`] : []),
    ...(excused.length > 0 ? [`${excused.join('; ')} as the judge's own drift does: ${amount(drift!)}`] : []),
    ...(incomparable.length > 0 ? [`nothing comparable of ${incomparable.join(', ')} in ${earlier.scheduledAt}`] : []),
  ];
  if (said.length === 0) said.push(`no score fell by more than its interval since ${earlier.scheduledAt}`);
  return { outcome: falls.length > 0 ? 'regressed' : 'steady', message: said.join('. ') };
}

function isSameTask(now: EvaluationScores, before: EvaluationScores): boolean {
  return (
    now.benchmark === before.benchmark && fingerprint(now.sampling ?? null) === fingerprint(before.sampling ?? null)
  );
}

/** How many of the last firings failed, without one between that did not. */
export function failuresInARow(firings: readonly Firing[]): number {
  const last = firings.findLastIndex(({ outcome }) => outcome !== 'failed');
  return firings.length - 1 - last;
}

/** The judge's drift since an earlier firing, which had drifted itself from where the scores were frozen. */
function driftSince(now: Calibration | undefined, before: Calibration | undefined): Estimate | undefined {
  if (!now || (before && fingerprint(now.judge) !== fingerprint(before.judge))) return undefined;
  const from = before?.drift.mean ?? 0;
  const less = (value: number | null): number | null => (value === null ? null : value - from);
  const { mean, low, high, n } = now.drift;
  return { mean: less(mean), low: less(low), high: less(high), n };
}

function isBelowZero({ high }: Estimate): boolean {
  return high !== null && high < 0;
}

function explains(drift: Estimate | undefined, fall: Estimate): boolean {
  return drift !== undefined && isBelowZero(drift) && drift.low! <= fall.mean!;
}

/** A fall in words, such as 4.2 points (95 %: 1.0 to 7.3). */
function amount({ mean, low, high }: Estimate): string {
  return `${(-mean!).toFixed(1)} points (95 %: ${(-high!).toFixed(1)} to ${(-low!).toFixed(1)})`;
}
