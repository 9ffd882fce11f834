import { html, type Markup } from './html.ts';
import { decimal } from './format.ts';
import { LENGTH_SCORE, QUALITY_SCORE, table } from './parts.ts';

/**
 * LongBench-Write as the paper has it, only numbers that were confirmed in a text that could be read.
 *
 * Source: arXiv 2408.07055, table 3; null where a number is not confirmed.
 */
export const PAPER_RESULTS: readonly {
  readonly model: string;
  readonly overall: number;
  readonly lengthScore: number | null;
  readonly qualityScore: number | null;
}[] = [
  { model: 'Llama-3.1-8B-Instruct', overall: 60.3, lengthScore: 50.0, qualityScore: 70.6 },
  { model: 'GLM-4-9B-chat', overall: 68.3, lengthScore: null, qualityScore: null },
  { model: 'LongWriter-9B (SFT)', overall: 80.5, lengthScore: 78.6, qualityScore: 82.3 },
  { model: 'LongWriter-9B-DPO', overall: 84.0, lengthScore: null, qualityScore: null },
  { model: 'Claude 3.5 Sonnet', overall: 80.7, lengthScore: null, qualityScore: null },
];

/** The paper's numbers, and why this run's do not belong beside them. */
export function paperSection(): Markup {
  return html`<section>
    <h2>The paper’s numbers</h2>
    <p>
      <strong>This run is not comparable with them.</strong> They are for the 120 prompts of LongBench-Write (n = 120),
      scored by <code>gpt-4o-2024-05-13</code> at temperature 0.5; benchmark, judge and judge’s prompt decide the
      scores. A dash stands for a number that was not confirmed.
    </p>
    ${table(
      ['Model (arXiv 2408.07055, table 3)', LENGTH_SCORE, QUALITY_SCORE, 'Mean of both'],
      PAPER_RESULTS.map((row) => [
        row.model,
        decimal(row.lengthScore),
        decimal(row.qualityScore),
        decimal(row.overall),
      ]),
    )}
  </section>`;
}
