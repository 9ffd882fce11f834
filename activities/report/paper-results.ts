import { isUnjudged } from '../../domain/evaluation.ts';
import type { EvaluationScores } from '../../domain/schemas/evaluation.ts';
import { isLongBenchWrite } from './benchmark-name.ts';
import { decimal, listed } from './format.ts';
import { html, NOTHING, type Markup } from './html.ts';
import { plain, tableMarkup, type Table } from './table.ts';

/** Who judged for the paper. */
const JUDGE = { model: 'gpt-4o-2024-05-13', temperature: 0.5 };

/**
 * LongBench-Write as the paper has it, only numbers that were confirmed in a text that could be read.
 *
 * Source: arXiv 2408.07055, table 3; null where a number is not confirmed.
 */
const PAPER_RESULTS: readonly {
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

/**
 * S_l and S_q by bucket of the English prompts, of another work with a judge and prompts of its own.
 *
 * Source: README of pingbowen23/LongDPO.
 */
const LONGDPO_RESULTS: readonly { readonly model: string; readonly buckets: readonly (readonly [number, number])[] }[] =
  [
    {
      model: 'LongWriter-Llama (8B)',
      buckets: [
        [88.1, 86.0],
        [74.5, 86.9],
        [89.1, 88.3],
        [80.8, 79.2],
      ],
    },
    {
      model: 'LongWriter-Llama + DPO',
      buckets: [
        [90.93, 85.78],
        [76.67, 85.46],
        [90.01, 90.53],
        [81.07, 80.9],
      ],
    },
    {
      model: 'LongWriter-Llama + LongDPO',
      buckets: [
        [90.68, 86.27],
        [77.23, 91.25],
        [93.35, 90.53],
        [88.25, 85.06],
      ],
    },
  ];

/** The paper's rows. */
export function paperTable(): Table {
  return {
    title: 'The paper’s numbers',
    head: ['arXiv 2408.07055, table 3', 'S̄', 'S_l', 'S_q'],
    rows: PAPER_RESULTS.map((row) => [
      plain(row.model),
      ...[row.overall, row.lengthScore, row.qualityScore].map((value) => plain(decimal(value))),
    ]),
  };
}

/** Another work's rows by bucket. */
export function longDpoTable(): Table {
  return {
    title: 'By bucket, as LongDPO measured (its judge and prompts)',
    head: ['LongDPO’s README, S_l / S_q', '[0, 500)', '[500, 2k)', '[2k, 4k)', '[4k, 20k)'],
    rows: LONGDPO_RESULTS.map(({ model, buckets }) => [
      plain(model),
      ...buckets.map(([length, quality]) => plain(`${decimal(length)} / ${decimal(quality)}`)),
    ]),
  };
}

/** Why this run's numbers do not belong beside the paper's; what is left to check where nothing that is known speaks against it. */
export function paperWarning(evaluations: readonly EvaluationScores[]): {
  readonly comparable: boolean;
  readonly text: string;
} {
  const benchmark = evaluations.every((one) => isLongBenchWrite(one.benchmark) && one.overall.prompts === 120);
  const isJudged = !evaluations.some(isUnjudged);
  const judge = evaluations.every(
    (one) => one.judge.model.endsWith(JUDGE.model) && one.judge.temperature === JUDGE.temperature,
  );
  // Of imported answers only their own file is known.
  const isImported = evaluations.some(({ sampling }) => sampling === undefined);
  const differences = [
    ...(evaluations.length === 0 ? ['nothing was evaluated'] : []),
    ...(benchmark
      ? []
      : [`the benchmark is not${isImported ? ' known to be' : ''} its 120 prompts of LongBench-Write`]),
    ...(isJudged ? [] : ['no judge was asked']),
    ...(judge || !isJudged
      ? []
      : [`the judge is not${isImported ? ' known to be' : ''} ${JUDGE.model} at temperature ${JUDGE.temperature}`]),
  ];
  return differences.length > 0
    ? {
        comparable: false,
        text: `This run is not comparable with them: ${listed(differences)}. Benchmark, judge and the judge’s prompt decide the scores.`,
      }
    : {
        comparable: true,
        text: 'Benchmark and judge are the paper’s. The scores are comparable only if the judge’s prompt is the released judge.txt, too.',
      };
}

/** The paper's numbers, and why this run's do not belong beside them. */
export function paperSection(evaluations: readonly EvaluationScores[]): Markup {
  const { comparable, text } = paperWarning(evaluations);
  return html`<section>
    <h2>The paper’s numbers</h2>
    <aside class="${comparable ? 'plain' : 'warning'}"><p>${text}</p></aside>
    ${tableMarkup(paperTable())}
    <p class="note">
      120 prompts, judged by ${JUDGE.model} at temperature ${JUDGE.temperature}. A dash stands for a number that was not
      confirmed; the paper gives no intervals.
    </p>
    ${
      evaluations.length > 0
        ? html`<h3>${longDpoTable().title}</h3>
            ${tableMarkup(longDpoTable())}
            <p class="note">
              The paper’s own numbers by bucket are not known as text. These are another work’s, of the 60 English
              prompts.
            </p>`
        : NOTHING
    }
  </section>`;
}
