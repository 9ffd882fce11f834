import { countBy } from './count-by.ts';
import { BUCKETS, type CompletionNumbers } from './evaluation.ts';
import { groupBy } from './group-by.ts';
import { TextLanguage } from './schemas/dataset.ts';
import { DIMENSIONS } from './schemas/completion.ts';
import type { EvaluationScores, PositionScore, RequiredLength, ScoreSummary } from './schemas/evaluation.ts';
import { averageOf, estimate, resample, toEstimate, type Groups, type Resampling } from './statistics.ts';

/** The part of a model's scores that its completions decide. */
export type CompletionScores = Pick<
  EvaluationScores,
  'overall' | 'buckets' | 'languages' | 'types' | 'lengths' | 'positions' | 'spread' | 'points'
>;

/** Scores of completions: all together, and by bucket, language, type, required length and place in the text. */
export function scoreCompletions(rows: readonly CompletionNumbers[], resampling: Resampling): CompletionScores {
  const groups = byPrompt(rows);
  const summarizeBy = (keyOf: (row: CompletionNumbers) => string, names?: readonly string[]) => {
    const parts = groupBy(rows, keyOf);
    return Object.fromEntries(
      (names ?? [...parts.keys()]).flatMap((name) => {
        const part = parts.get(name);
        return part ? [[name, summarize(part, resampling)]] : [];
      }),
    );
  };
  return {
    overall: summarize(rows, resampling),
    buckets: summarizeBy(
      ({ point }) => bucketOf(point.required),
      BUCKETS.map(({ name }) => name),
    ),
    languages: summarizeBy(({ point }) => point.language, TextLanguage.options),
    types: summarizeBy(({ point }) => point.type),
    lengths: byRequiredLength(rows, resampling),
    positions: byPosition(rows, resampling),
    spread: {
      lengthScore: spreadWithin(valuesOf(groups, ({ point }) => point.lengthScore)),
      qualityScore: spreadWithin(valuesOf(groups, ({ point }) => point.qualityScore)),
      words: spreadWithin(valuesOf(groups, ({ point }) => point.written)),
      judgement: spreadWithin(rows.map(({ judgements }) => judgements)),
    },
    points: rows.map(({ point }) => point),
  };
}

/** Means over completions with their intervals; an unscored one lowers the n of S_q, is counted, and never filled in. */
export function summarize(rows: readonly CompletionNumbers[], resampling: Resampling): ScoreSummary {
  const groups = byPrompt(rows);
  const values = (valueOf: ValueOf) => valuesOf(groups, valueOf);
  const [lengthScore, qualityScore, words, distinct, compressionRatio, ...dimensions] = resample(
    [
      values(({ point }) => point.lengthScore),
      values(({ point }) => point.qualityScore),
      values(({ point }) => point.written),
      // An empty answer repeats nothing, and says nothing.
      values(({ point }) => (point.written === 0 ? null : point.distinct)),
      values(({ point }) => (point.written === 0 ? null : point.compressionRatio)),
      ...DIMENSIONS.map((name) => values((row) => row.dimensions?.[name])),
    ],
    resampling,
  );
  const unscored = rows.flatMap((row) => row.unscored ?? []);
  return {
    prompts: groups.length,
    completions: rows.length,
    lengthScore: toEstimate(lengthScore!),
    qualityScore: toEstimate(qualityScore!),
    overall: toEstimate(averageOf(lengthScore!, qualityScore!)),
    words: toEstimate(words!),
    dimensions: Object.fromEntries(DIMENSIONS.map((name, index) => [name, toEstimate(dimensions[index]!)])),
    finishReasons: countBy(rows.map(({ point }) => point.finishReason)),
    empty: rows.filter(({ point }) => point.written === 0).length,
    refusals: rows.filter(({ point }) => point.refusal).length,
    unscored: unscored.length,
    unscoredReasons: countBy(unscored),
    unscoredJudgements: rows.reduce((sum, row) => sum + row.unscoredJudgements, 0),
    unscoredWindows: rows.reduce((sum, row) => sum + row.unscoredWindows, 0),
    inWindows: rows.filter(({ inWindows }) => inWindows).length,
    distinct: toEstimate(distinct!),
    compressionRatio: toEstimate(compressionRatio!),
  };
}

type ValueOf = (row: CompletionNumbers) => number | null | undefined;

/** Completions by prompt, the prompts in an order of their own: whatever order the rows come in, intervals are the same. */
function byPrompt(rows: readonly CompletionNumbers[]): CompletionNumbers[][] {
  return [...groupBy(rows, ({ point }) => point.prompt).values()];
}

/** A value of each completion that has one. */
function valuesOf(groups: readonly (readonly CompletionNumbers[])[], valueOf: ValueOf): Groups {
  return groups.map((rows) => rows.flatMap((row) => valueOf(row) ?? []));
}

function bucketOf(required: number): string {
  return BUCKETS.find(({ to }) => required < to)!.name;
}

function byRequiredLength(rows: readonly CompletionNumbers[], resampling: Resampling): RequiredLength[] {
  return [...groupBy(rows, ({ point }) => String(point.required)).values()]
    .map((some) => ({
      required: some[0]!.point.required,
      completions: some.length,
      words: estimate(
        valuesOf(byPrompt(some), ({ point }) => point.written),
        resampling,
      ),
      longest: some.reduce((most, { point }) => Math.max(most, point.written), 0),
    }))
    .toSorted((a, b) => a.required - b.required);
}

/** S_q of the windows that begin at the same place; `words` is the longest of them, the last of a text is shorter. */
function byPosition(rows: readonly CompletionNumbers[], resampling: Resampling): PositionScore[] {
  const words = new Map<number, number>();
  for (const window of rows.flatMap(({ positions }) => positions))
    words.set(window.from, Math.max(window.words, words.get(window.from) ?? 0));
  const places = [...words.keys()].toSorted((a, b) => a - b);
  const groups = byPrompt(rows);
  const means = resample(
    places.map((place) =>
      valuesOf(groups, ({ positions }) => positions.find(({ from }) => from === place)?.qualityScore),
    ),
    resampling,
  );
  return places.map((from, index) => ({ from, words: words.get(from)!, qualityScore: toEstimate(means[index]!) }));
}

/** The standard deviation within groups, pooled over them; null where no group has two values. */
function spreadWithin(groups: Groups): number | null {
  let squares = 0;
  let freedom = 0;
  for (const values of groups) {
    if (values.length < 2) continue;
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    squares += values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    freedom += values.length - 1;
  }
  return freedom === 0 ? null : Math.sqrt(squares / freedom);
}
