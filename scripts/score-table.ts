import type { Estimate, RunScores } from '../domain/schemas/evaluation.ts';
import { columns, printableLine } from './terminal.ts';

/** The scores of a run as a table for the terminal: a line for each model, every mean with its 95 % interval. */
export function scoreTable({ evaluations, calibration }: RunScores): string[] {
  const head = ['model', 'S̄', 'S_l', 'S_q', 'words', 'completions', 'unscored'];
  const rows = evaluations.map(({ model, overall }) => [
    model,
    shown(overall.overall, 1),
    shown(overall.lengthScore, 1),
    shown(overall.qualityScore, 1),
    shown(overall.words, 0),
    overall.completions,
    overall.unscored,
  ]);
  const judges = [...new Set(evaluations.map(({ judge }) => printableLine(judge.model, 80)))].join(', ');
  const drift = calibration && `the judge has drifted by ${shown(calibration.drift, 1)} points of S_q`;
  return [...columns([head, ...rows]), `judge: ${judges}`, ...(drift ? [drift] : [])];
}

function shown({ mean, low, high }: Estimate, digits: number): string {
  if (mean === null) return '–';
  const interval = low === null || high === null ? '' : ` [${low.toFixed(digits)}, ${high.toFixed(digits)}]`;
  return `${mean.toFixed(digits)}${interval}`;
}
