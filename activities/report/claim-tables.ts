import {
  CLAIMS,
  distinctOf,
  isAbove,
  isLong,
  isShort,
  lengthScore,
  LONG_FROM,
  meanOver,
  SHORT_TO,
  stopped,
  type ClaimName,
  type CloserLook,
  type JudgedClaim,
  type Measured,
  type Verdict,
} from '../../domain/claim.ts';
import { isAnyJudged, isUnjudged } from '../../domain/evaluation.ts';
import type { Estimate, EvaluationScores } from '../../domain/schemas/evaluation.ts';
import { quantile } from '../../domain/statistics.ts';
import { decimal, extent, listed, signed, whole } from './format.ts';
import { estimateCell, modelCells, plain, type Cell, type Table } from './table.ts';

/** Who plays which part, and how: what stands beside the paper. */
export interface Cast {
  /** The model that is trained, before any of it. */
  readonly trained: string;
  readonly writer: string;
  readonly judge: string;
  /** Whether the judge is the embedded stand-in of 135M parameters. */
  readonly judgeIsStandIn: boolean;
  /** Words that the training prompts ask for, the fewest and the most; undefined where they state none. */
  readonly asked: readonly [number, number] | undefined;
  /** How SFT and DPO were set, how pairs were made, and how answers were sampled and served, in words. */
  readonly sft: string;
  readonly dpo: string;
  readonly pairs: string;
  readonly sampling: string;
  readonly serving: string;
}

/** How the difference that decides a claim is written. */
const UNITS: Readonly<Record<ClaimName, { readonly unit: string; readonly write: (value: number) => string }>> = {
  follows: { unit: 'words for each word that the longest output is longer', write: (value) => signed2(value) },
  unlocks: { unit: 'words, longest against before', write: (value) => signed(value) },
  scores: { unit: `points of S_l from ${LONG_FROM} words on, longest against before`, write: signed },
  plain: { unit: 'points of distinct 4-grams, longest against before', write: (value) => signed(100 * value) },
  stops: { unit: 'percentage points of the answers, longest against before', write: (value) => signed(100 * value) },
  short: { unit: `points of S_l up to ${SHORT_TO} words, longest against before`, write: signed },
  preferences: { unit: 'points of S_l, DPO against SFT on the longest', write: signed },
};

const percent = (share: number): string => decimal(100 * share);

function signed2(value: number): string {
  const text = Math.abs(value).toFixed(2);
  return `${value < 0 ? '−' : '+'}${text}`;
}

/** Each claim with its difference, what may be lost, and the verdict; the two on length also of whole answers alone. */
export function claimTable(claims: readonly JudgedClaim[], { followsWhole, unlocksWhole }: CloserLook): Table {
  const ofWhole: Partial<Record<ClaimName, Estimate>> = { follows: followsWhole, unlocks: unlocksWhole };
  return {
    title: 'The claims',
    head: ['Claim', 'Verdict', 'Difference', 'Allowed loss'],
    names: 2,
    rows: claims.map(({ claim, value, margin, verdict }) => {
      const { unit, write } = UNITS[claim];
      return [
        { text: CLAIMS[claim], notes: [unit] },
        { text: verdict, notes: lossNote(verdict, value, margin) },
        withWhole(estimateCell(value, write), ofWhole[claim], write),
        plain(margin === 0 ? '–' : write(margin).replace('+', '')),
      ];
    }),
  };
}

/** A difference with what it is of whole answers alone. */
function withWhole(cell: Cell, of: Estimate | undefined, write: (value: number) => string): Cell {
  if (!of) return cell;
  const { text, notes = [] } = estimateCell(of, write);
  return { ...cell, notes: [...(cell.notes ?? []), `of whole answers ${[text, ...notes].join(', ')}`] };
}

/** A loss that is there, but may be less than the allowed one. */
function lossNote(verdict: Verdict, { high }: Estimate, margin: number): string[] {
  const isLost = verdict === 'not shown' && margin > 0 && high !== null && high < 0;
  return isLost ? ['there is a loss; whether it is more than the allowed one is not decided'] : [];
}

/** Every step from one length of outputs to the next: beside a slope over all of them. */
export function stepTable(measured: Measured, { steps }: CloserLook): Table {
  const names = modelCells(evaluationsOf(measured).map(({ model }) => model));
  const text = (model: string): string => names.get(model)?.text ?? model;
  return {
    title: 'From each length to the next',
    head: ['Difference', 'Value'],
    rows: steps.map(({ model, than, words }) => [
      plain(`words, ${text(model)} against ${text(than)}`),
      estimateCell(words, signed),
    ]),
  };
}

/** Whether a model writes past the longest output that it was trained on. */
export function ceilingTable({ doses }: Measured): Table {
  const names = modelCells(modelsOf(doses));
  return {
    title: 'Answers against the longest output',
    head: [
      'Model',
      'Longest output',
      'Median answer',
      'Nine in ten up to',
      'Longer than the longest output, %',
      '… and ended by itself, %',
    ],
    rows: doses.map((dose) => {
      const { model, longest, scores } = dose;
      const words = scores.points.map((point) => point.written).toSorted((a, b) => a - b);
      const above = isAbove(dose);
      return [
        names.get(model)!,
        plain(whole(longest)),
        ...[0.5, 0.9].map((share) => plain(whole(quantile(words, share)))),
        estimateCell(meanOver(scores, above), percent),
        estimateCell(
          meanOver(scores, (point) => above(point) * stopped(point)),
          percent,
        ),
      ];
    }),
  };
}

/** What each model was trained on. */
export function doseTable({ doses }: Measured): Table {
  const names = modelCells(modelsOf(doses));
  return {
    title: 'What was trained on',
    head: ['Model', 'Rows', 'Cut to', 'Longest output', 'Mean output'],
    rows: doses.map(({ model, rows, maxWords, longest, meanWords }) => [
      names.get(model)!,
      ...[rows, maxWords, longest, meanWords].map((value) => plain(whole(value))),
    ]),
  };
}

/** How long each model's answers to the held-out prompts are. */
export function lengthTable(measured: Measured): Table {
  return byModel('How long the answers are', measured, [
    ['Words', ({ overall }) => estimateCell(overall.words, whole)],
    ['S_l', ({ overall }) => estimateCell(overall.lengthScore)],
    [`S_l up to ${SHORT_TO} words`, (of) => estimateCell(meanOver(of, lengthScore, isShort))],
    [`S_l from ${LONG_FROM} words`, (of) => estimateCell(meanOver(of, lengthScore, isLong))],
  ]);
}

type Column = readonly [string, (of: EvaluationScores) => Cell];

const quality: Column = ['S_q', ({ overall }) => estimateCell(overall.qualityScore)];

/** What a length hides: whether answers end, and how they repeat themselves. */
export function healthTable(measured: Measured): Table {
  const isJudged = isAnyJudged(evaluationsOf(measured));
  return byModel('How they end and repeat themselves', measured, [
    ['Ends by itself, %', (of) => estimateCell(meanOver(of, stopped), percent)],
    ['Distinct 4-grams, %', (of) => estimateCell(meanOver(of, distinctOf), percent)],
    ['Compression', ({ overall }) => estimateCell(overall.compressionRatio)],
    ...(isJudged ? [quality] : []),
  ]);
}

function byModel(title: string, measured: Measured, columns: readonly Column[]): Table {
  const evaluations = evaluationsOf(measured);
  const names = modelCells(evaluations.map(({ model }) => model));
  return {
    title,
    head: ['Model', ...columns.map(([name]) => name)],
    rows: evaluations.map((one) => [names.get(one.model)!, ...columns.map(([, cell]) => cell(one))]),
  };
}

/** The models of the experiment, from the one before the trainings to DPO. */
export const evaluationsOf = ({ base, doses, dpo }: Measured): EvaluationScores[] => [
  base,
  ...doses.map(({ scores }) => scores),
  dpo,
];

const modelsOf = (doses: Measured['doses']): string[] => doses.map(({ model }) => model);

/** Languages by their codes. */
const LANGUAGES = new Intl.DisplayNames('en', { type: 'language' });

/** What is the same as in the paper and what is not, so that nobody takes the experiment for more than it is. */
export function paperTable({ base, doses }: Measured, cast: Cast): Table {
  const languages = new Set(base.points.map(({ language }) => LANGUAGES.of(language) ?? language));
  const { rows, longest } = doses.at(-1)!;
  const required = range(extent(base.points.map((point) => point.required)));
  return {
    title: 'Beside the paper',
    head: ['', 'The paper', 'This experiment'],
    names: 3,
    rows: (
      [
        ['question', 'does output length follow the length of the training outputs?', 'the same'],
        ['pipeline', 'AgentWrite, SFT, DPO, LongBench-Write', 'the same stages, by the same workflows'],
        ['model', 'GLM-4-9B and Llama-3.1-8B, base models', `${cast.trained}, which is fine-tuned already`],
        ['writer of the data', 'GPT-4o', cast.writer],
        ['training rows', '6,000 long ones and 180,000 general ones', `${whole(rows)} long ones`],
        [
          'how the data differ',
          'chat rows up to an output length; then LongWriter-6k beside them',
          'one dataset, each output cut at the last end of a section, paragraph or sentence that fits: as many rows and steps, and the more tokens the longer',
        ],
        [
          'what the training prompts ask for',
          'chat rows: no length',
          cast.asked
            ? `${range(cast.asked)} words, whatever the outputs were cut to: those that were cut answer it with too few`
            : 'no length',
        ],
        ['training outputs', '2,000 to 32,000 words', `up to ${whole(longest)} words`],
        ['trainings of each kind', 'one', 'one: intervals do not hold what another seed would give'],
        ['SFT', '4 epochs, learning rate 1e-5, batches of 8 packs of 32,768 tokens', cast.sft],
        ['DPO', '250 steps; learning rate and beta are not told', cast.dpo],
        ['DPO pairs', '4,000 of long writing and 50,000 general ones', cast.pairs],
        [
          'held-out prompts',
          '120 of LongBench-Write and 48 of LongWrite-Ruler',
          `${whole(base.overall.prompts)} of ${required} words`,
        ],
        ['languages', 'English and Chinese', listed([...languages])],
        ['sampling', 'temperature 0.5', cast.sampling],
        ['models are served', 'in bfloat16', cast.serving],
        ['judge', 'GPT-4o', judgeCell(base, cast)],
      ] as const
    ).map((cells) => cells.map(plain)),
  };
}

function judgeCell(base: EvaluationScores, { judge, judgeIsStandIn }: Cast): string {
  if (isUnjudged(base)) return 'none: lengths, ends and repetition are counted, and nothing is said of quality';
  return judgeIsStandIn ? `${judge}, a stand-in: S_q says nothing here` : judge;
}

const range = ([low, high]: readonly [number, number]): string =>
  low === high ? whole(low) : `${whole(low)} to ${whole(high)}`;
