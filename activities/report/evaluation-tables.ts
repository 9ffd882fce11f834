import { BUCKETS, isAnyJudged, isUnjudged, scoreNames, scoresOf } from '../../domain/evaluation.ts';
import { DIMENSIONS, type Dimension } from '../../domain/schemas/completion.ts';
import type {
  Calibration,
  Comparison,
  EvaluationScores,
  JudgeSettings,
  ScoreSummary,
} from '../../domain/schemas/evaluation.ts';
import { benchmarkName } from './benchmark-name.ts';
import { decimal, signed, whole } from './format.ts';
import { modelLooks } from './model-look.ts';
import { estimateCell, modelCells, plain, type Cell, type Table } from './table.ts';

type Evaluations = readonly EvaluationScores[];

/** Required lengths that are shown one by one; a benchmark with more of them has buckets instead. */
const MOST_LENGTHS = 12;

/** S̄, S_l and S_q of each model, overall and by bucket. */
export function bucketTable(evaluations: Evaluations): Table {
  return summaryTable('By required length', 'Words asked for', evaluations, [
    { name: 'all', of: ({ overall }) => overall },
    ...BUCKETS.map(({ name }) => ({ name, of: ({ buckets }: EvaluationScores) => buckets[name] })),
  ]);
}

/** The same by the language that is asked for, and by type. */
export function kindTable(evaluations: Evaluations): Table {
  const names = (of: (one: EvaluationScores) => object) => [
    ...new Set(evaluations.flatMap((one) => Object.keys(of(one)))),
  ];
  const languages = names((one) => one.languages);
  const types = names((one) => one.types).toSorted();
  return summaryTable('By language and type', '', evaluations, [
    ...languages.map((name) => ({ name: LANGUAGES[name] ?? name, of: (one: EvaluationScores) => one.languages[name] })),
    ...types.map((name) => ({ name, of: (one: EvaluationScores) => one.types[name] })),
  ]);
}

const LANGUAGES: Readonly<Record<string, string>> = { en: 'English', zh: 'Chinese', other: 'other languages' };

interface Group {
  readonly name: string;
  readonly of: (evaluation: EvaluationScores) => ScoreSummary | undefined;
}

function summaryTable(title: string, heading: string, evaluations: Evaluations, groups: readonly Group[]): Table {
  const names = modelCells(evaluations.map(({ model }) => model));
  const isJudged = isAnyJudged(evaluations);
  return {
    title,
    head: [heading, 'Model', ...scoreNames(isJudged), 'Words'],
    names: 2,
    rows: groups.flatMap(({ name, of }) =>
      evaluations.flatMap((evaluation, index) => {
        const summary = of(evaluation);
        if (!summary) return [];
        const first = evaluations.findIndex((one) => of(one) !== undefined) === index;
        return [
          [
            // Said once for all of its models, as a reader of a long table wants it.
            plain(first || evaluations.length === 1 ? name : ''),
            names.get(evaluation.model)!,
            ...scoresOf(summary, isJudged).map((one) => estimateCell(one)),
            estimateCell(summary.words, whole),
          ],
        ];
      }),
    ),
  };
}

/** S_q of each model by dimension; no row where no judge was asked. */
export function dimensionTable(evaluations: Evaluations): Table {
  return byModel(
    'S_q by dimension',
    evaluations,
    (isAnyJudged(evaluations) ? DIMENSIONS : []).map((dimension) => ({
      name: DIMENSION_LABELS[dimension],
      of: ({ overall }) => estimateCell(overall.dimensions[dimension] ?? NOBODY),
    })),
  );
}

const NOBODY = { mean: null, n: 0, low: null, high: null };

/** The dimensions of the rubric as people write them. */
export const DIMENSION_LABELS: Readonly<Record<Dimension, string>> = {
  relevance: 'Relevance',
  accuracy: 'Accuracy',
  coherence: 'Coherence',
  clarity: 'Clarity',
  breadthAndDepth: 'Breadth and depth',
  readingExperience: 'Reading experience',
};

/** Mean differences of models on the prompts that both answered. */
export function comparisonTable(comparisons: readonly Comparison[], evaluations: Evaluations): Table {
  const names = modelCells(evaluations.map(({ model }) => model));
  const isJudged = isAnyJudged(evaluations);
  return {
    title: 'Differences on the same prompts',
    head: ['Model', 'less', 'Prompts', ...scoreNames(isJudged), 'Words'],
    names: 2,
    rows: comparisons.map((one) => [
      names.get(one.model) ?? plain(one.model),
      names.get(one.than) ?? plain(one.than),
      plain(whole(one.prompts)),
      ...scoresOf(one, isJudged).map((difference) => estimateCell(difference, signed)),
      estimateCell(one.words, (value) => signedWhole(value)),
    ]),
  };
}

function signedWhole(value: number): string {
  const text = whole(Math.abs(value));
  return text === '0' ? text : `${value < 0 ? '−' : '+'}${text}`;
}

/** What was written where so many words were required, as LongWrite-Ruler asks; none where lengths are too many to list. */
export function lengthTable(evaluations: Evaluations): Table {
  const required = [...new Set(evaluations.flatMap(({ lengths }) => lengths.map((one) => one.required)))];
  const sorted = required.toSorted((a, b) => a - b);
  const names = modelCells(evaluations.map(({ model }) => model));
  return {
    title: 'Longest outputs',
    head: ['Words asked for', 'Model', 'Mean words', 'Longest'],
    names: 2,
    rows: (required.length > MOST_LENGTHS ? [] : sorted).flatMap((words) =>
      evaluations.flatMap(({ model, lengths }) => {
        const found = lengths.find((one) => one.required === words);
        return found
          ? [[plain(whole(words)), names.get(model)!, estimateCell(found.words, whole), plain(whole(found.longest))]]
          : [];
      }),
    ),
  };
}

/** S_q of the windows that begin at the same place of their texts. */
export function positionTable(evaluations: Evaluations): Table {
  const places = [...new Set(evaluations.flatMap(({ positions }) => positions.map(({ from }) => from)))];
  return {
    ...byModel(
      'S_q along the text',
      evaluations,
      places
        .toSorted((a, b) => a - b)
        .map((from) => ({
          name: whole(from),
          of: ({ positions }) => estimateCell(positions.find((one) => one.from === from)?.qualityScore ?? NOBODY),
        })),
    ),
  };
}

/** How the answers ended, repeat themselves and were judged: what a mean hides. */
export function healthTable(evaluations: Evaluations): Table {
  const share = (count: number, { overall }: EvaluationScores): Cell =>
    plain(`${whole(count)} of ${whole(overall.completions)}`);
  const reasons = [...new Set(evaluations.flatMap(({ overall }) => Object.keys(overall.finishReasons)))].filter(
    (reason) => reason !== 'stop' && reason !== 'length',
  );
  const judging: readonly Fact[] = [
    {
      name: 'unscored',
      of: (one) => ({
        ...share(one.overall.unscored, one),
        notes: Object.entries(one.overall.unscoredReasons).map(([reason, count]) => `${whole(count)} ${reason}`),
      }),
    },
    { name: 'judgements without a score', of: ({ overall }) => plain(whole(overall.unscoredJudgements)) },
    { name: 'windows along the text without a score', of: ({ overall }) => plain(whole(overall.unscoredWindows)) },
    { name: 'judged in windows', of: (one) => share(one.overall.inWindows, one) },
  ];
  const deviation = (value: number | null): Cell => plain(decimal(value));
  const table = byModel('More than a mean', evaluations, [
    { name: 'longest answer, words', of: ({ points }) => plain(whole(longest(points.map(({ written }) => written)))) },
    { name: 'ended by itself', of: (one) => share(one.overall.finishReasons['stop'] ?? 0, one) },
    { name: 'cut at the token limit', of: (one) => share(one.overall.finishReasons['length'] ?? 0, one) },
    ...reasons.map((reason) => ({
      name: `ended otherwise: ${reason}`,
      of: (one: EvaluationScores) => share(one.overall.finishReasons[reason] ?? 0, one),
    })),
    { name: 'empty', of: (one) => share(one.overall.empty, one) },
    { name: 'refusals', of: (one) => share(one.overall.refusals, one) },
    ...(isAnyJudged(evaluations) ? judging : []),
    {
      name: 'distinct 4-grams, %',
      of: ({ overall }) => estimateCell(overall.distinct, (value) => decimal(100 * value)),
    },
    { name: 'compression ratio', of: ({ overall }) => estimateCell(overall.compressionRatio) },
    { name: 'deviation within a prompt, S_l', of: ({ spread }) => deviation(spread.lengthScore) },
    { name: 'deviation within a prompt, S_q', of: ({ spread }) => deviation(spread.qualityScore) },
    { name: 'deviation within a prompt, words', of: ({ spread }) => deviation(spread.words) },
    { name: 'deviation within a completion, S_q', of: ({ spread }) => deviation(spread.judgement) },
  ]);
  // Without several completions or judgements there is no deviation to tell.
  return { ...table, rows: table.rows.filter(([, ...cells]) => cells.some(({ text }) => text !== '–')) };
}

/** Everything that scores hang on, said once where the models have it in common: comparable is only what does. */
export function settingsTable(evaluations: Evaluations, calibration: Calibration | undefined): Table {
  const looks = modelLooks(evaluations.map(({ model }) => model));
  return {
    title: 'Judge and settings',
    head: ['', 'Value'],
    names: 2,
    rows: [
      ...SETTINGS.flatMap(([name, of]) => {
        const values = evaluations.map(of);
        if (values.every((value) => value === undefined)) return [];
        return values.every((value) => value === values[0])
          ? [[plain(name), plain(values[0] ?? '–')]]
          : evaluations.map(({ model }, index) => [
              plain(`${name}, ${looks.get(model)!.label}`),
              plain(values[index] ?? '–'),
            ]);
      }),
      ...(isAnyJudged(evaluations)
        ? [
            [
              plain('drift of the judge, S_q'),
              calibration ? estimateCell(calibration.drift, signed) : plain('not measured'),
            ],
          ]
        : []),
    ],
  };
}

const SETTINGS: readonly (readonly [string, (evaluation: EvaluationScores) => string | undefined])[] = [
  ['model', ({ identity }) => shortened(identity)],
  ['benchmark', ({ benchmark }) => benchmarkName(benchmark)],
  ['sampling', ({ sampling }) => samplingLine(sampling)],
  ['judge', (one) => (isUnjudged(one) ? 'none was asked' : shortened(one.judge.model))],
  ['temperature of the judge', judged(({ temperature }) => (temperature === null ? 'not known' : String(temperature)))],
  ['prompt of the judge, SHA-256', judged(({ promptHash }) => promptHash.slice(0, 16))],
  ['judgements of a completion', judged(({ judgements }) => whole(judgements))],
  [
    'words that the judge reads at once',
    judged(({ windowWords }) => (windowWords === 0 ? 'not known' : whole(windowWords))),
  ],
  [
    'intervals',
    ({ statistics: { confidence, resamples, seed } }) =>
      `${whole(100 * confidence)} %, ${whole(resamples)} resamples of the prompts, seed ${seed}`,
  ],
  ['asked anew for the firing of', ({ fresh }) => fresh],
];

/** What is told of a judge, where one was asked. */
function judged(told: (judge: JudgeSettings) => string): (evaluation: EvaluationScores) => string | undefined {
  return (one) => (isUnjudged(one) ? undefined : told(one.judge));
}

function samplingLine(sampling: EvaluationScores['sampling']): string {
  if (!sampling) return 'not known: the answers were imported';
  const topP = sampling.topP === undefined ? '' : `, top p ${sampling.topP}`;
  return `temperature ${sampling.temperature}${topP}, at most ${whole(sampling.maxTokens)} tokens`;
}

/** What is told of each model, in a row. */
interface Fact {
  readonly name: string;
  readonly of: (evaluation: EvaluationScores) => Cell;
}

function byModel(title: string, evaluations: Evaluations, facts: readonly Fact[]): Table {
  return {
    title,
    head: ['', ...[...modelCells(evaluations.map(({ model }) => model)).values()].map(({ text }) => text)],
    rows: facts.map(({ name, of }) => [plain(name), ...evaluations.map(of)]),
  };
}

/** A hash as it is told apart from others: twelve characters. */
function shortened(text: string): string {
  return text.replace(/\b([0-9a-f]{12})[0-9a-f]{52}\b/g, '$1');
}

function longest(words: readonly number[]): number {
  return words.reduce((most, one) => Math.max(most, one), 0);
}
