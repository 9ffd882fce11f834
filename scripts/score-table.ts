import { isAnyJudged, isUnjudged, scoreNames, scoresOf } from '../domain/evaluation.ts';
import type { Estimate, RunScores } from '../domain/schemas/evaluation.ts';
import { columns, printableLine } from './terminal.ts';

/** The scores of a run as a table for the terminal: a line for each model, every mean with its 95 % interval. */
export function scoreTable({ evaluations, calibration }: RunScores): string[] {
  const isJudged = isAnyJudged(evaluations);
  const head = ['model', ...scoreNames(isJudged), 'words', 'completions', ...(isJudged ? ['unscored'] : [])];
  const rows = evaluations.map(({ model, overall }) => [
    model,
    ...scoresOf(overall, isJudged).map((one) => shown(one, 1)),
    shown(overall.words, 0),
    overall.completions,
    ...(isJudged ? [overall.unscored] : []),
  ]);
  const asked = evaluations.filter((one) => !isUnjudged(one)).map(({ judge }) => printableLine(judge.model, 80));
  const judges = [...new Set(asked)].join(', ') || 'none was asked';
  const drift = calibration && `the judge has drifted by ${shown(calibration.drift, 1)} points of S_q`;
  return [...columns([head, ...rows]), `judge: ${judges}`, ...(drift ? [drift] : [])];
}

function shown({ mean, low, high }: Estimate, digits: number): string {
  if (mean === null) return '–';
  const interval = low === null || high === null ? '' : ` [${low.toFixed(digits)}, ${high.toFixed(digits)}]`;
  return `${mean.toFixed(digits)}${interval}`;
}
