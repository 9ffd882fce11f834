import { readMessages, type SftRow } from './dataset.ts';
import { readPreferenceRow, type PreferenceRow } from './preference.ts';

const COLUMNS = { sft: ['messages'], dpo: ['prompt', 'chosen', 'rejected'] } as const;

/** The row to train on in a row of somebody else's, or what is wrong with it; what else stands in it is passed over. */
export function readTrainingRow(
  method: 'sft' | 'dpo',
  row: Readonly<Record<string, unknown>>,
): SftRow | PreferenceRow | { readonly problem: string } {
  const missing = COLUMNS[method].find((column) => row[column] === undefined || row[column] === null);
  if (missing === undefined) return method === 'sft' ? readMessages(row) : readPreferenceRow(row);
  const there = Object.keys(row).slice(0, 10).join(', ') || 'none';
  return {
    problem: `has no column "${missing}", which ${method} needs (${COLUMNS[method].join(', ')}); it has ${there}`,
  };
}
