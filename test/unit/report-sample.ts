import { NO_SPENDING } from '../../domain/cost.ts';
import { compareEvaluations } from '../../activities/compare-evaluations.ts';
import type { ReportData } from '../../activities/report/data.ts';
import { numbersOf, type EvaluatedCompletion } from '../../domain/evaluation.ts';
import { lengthScore } from '../../domain/length.ts';
import { judgeModel } from '../../domain/model-gate.ts';
import { qualityScore } from '../../domain/rubric.ts';
import type { RubricScores } from '../../domain/schemas/completion.ts';
import type { EvaluationScores } from '../../domain/schemas/evaluation.ts';
import type { ProbeScores } from '../../domain/schemas/probe.ts';
import { scoreCompletions } from '../../domain/scores.ts';

const TYPES = ['News Report', 'Functional Writing', 'Literature and Creative Writing'];
const REQUIRED = [200, 800, 100, 1200, 400, 500, 300, 1000];

/** Words that a prompt asks for, the longer the later. */
export const requiredOf = (index: number): number =>
  REQUIRED[index % REQUIRED.length]! * (1 + 3 * Math.floor(index / REQUIRED.length));

/** Scores of a model that wrote these words for as many prompts; the judge left the prompts named in `unscored` alone. */
export function evaluated(model: string, words: readonly number[], unscored: readonly number[] = []): EvaluationScores {
  const rows = words.map((written, index): EvaluatedCompletion => {
    const required = requiredOf(index);
    const score = (offset: number) =>
      1 + ((index * 3 + offset * 2 + (index % 3) * offset + Math.round(written / 100)) % 5);
    const scores: RubricScores = {
      relevance: score(0),
      accuracy: score(1),
      coherence: score(2),
      clarity: score(3),
      breadthAndDepth: score(4),
      readingExperience: score(5),
    };
    const identity = { prompt: `prompt-${index}`, completion: 0, spending: NO_SPENDING };
    return {
      prompt: {
        id: identity.prompt,
        prompt: index % 5 === 4 ? '写一篇关于茶的文章。' : 'Write about tea.',
        length: required,
        type: TYPES[index % TYPES.length]!,
      },
      completion: {
        ...identity,
        call: 'call',
        text: 'not shown',
        words: written,
        finishReason: index % 4 === 3 ? 'length' : 'stop',
        lengthScore: written === 0 ? 0 : lengthScore(required, written),
        measures: { distinct: 0.9, compressionRatio: 2.1 },
        refusal: false,
      },
      judgements: [
        {
          ...identity,
          judgement: 0,
          calls: [],
          parts: [],
          ...(unscored.includes(index)
            ? { unscored: 'no JSON object' }
            : { scores, qualityScore: qualityScore(scores) }),
        },
      ],
      positions: {
        ...identity,
        judgement: 'positions',
        calls: [],
        parts: Array.from({ length: Math.ceil(written / 250) }, (_, part) => ({
          from: part * 250,
          words: Math.min(250, written - part * 250),
          scores: { ...scores, coherence: Math.max(1, scores.coherence - part), clarity: Math.max(1, 4 - part) },
        })),
      },
    };
  });
  return {
    model,
    identity: 'weights',
    judge: {
      model: 'openai/SmolLM2-135M-Instruct',
      temperature: 0.5,
      promptHash: '9f2c4e1a77b03d56',
      judgements: 1,
      windowWords: 800,
    },
    statistics: { confidence: 0.95, ...RESAMPLING },
    benchmark: 'configs/data/benchmark.jsonl',
    sampling: { temperature: 0.5, topP: 0.8, maxTokens: 2048 },
    ...scoreCompletions(
      rows.map((row) => numbersOf(row)),
      RESAMPLING,
    ),
  };
}

const RESAMPLING = { resamples: 2000, seed: 42 };

const falling = (steps: number, from: number, to: number) =>
  Array.from({ length: steps }, (_, index) => ({
    step: index + 1,
    value: to + (from - to) * Math.exp(-index / (steps / 3)) + 0.03 * Math.sin(index * 2.4),
  }));

const POINTS = [
  [450, 412],
  [600, 655],
  [400, 371],
  [350, 298],
  [700, 903],
  [500, 540],
  [550, 702],
  [650, 611],
  [800, 1014],
  [750, 866],
].map(([required, written]) => ({ required: required!, written: written! }));

const probed = (mean: number, words: number, degenerate: ProbeScores['degenerate'] = {}): ProbeScores => ({
  ...{ answers: 12, lengthScore: mean, repeated: 0.125, words, stopped: 11, degenerate },
});
const LIMITS = { maxLengthScoreDrop: 10, maxRepeated: 0.2, maxDegenerateFraction: 0.1 };

/** Verdicts of the gate on short prompts. */
export const GATES = {
  passed: judgeModel(probed(66.2, 119), probed(61.5, 98), LIMITS),
  failed: judgeModel(probed(41, 260, { loop: 1, empty: 2 }), probed(66.2, 119), LIMITS),
};

const EVALUATIONS = [
  evaluated('base', [141, 355, 0, 471, 260, 232, 127, 618], [2]),
  evaluated('sft', [288, 719, 166, 1093, 352, 466, 340, 1018], [1, 5]),
  evaluated('dpo', [214, 861, 104, 1120, 251, 331, 297, 942]),
];

const exampleOf = (evaluation: EvaluationScores, index: number, text: string) => {
  const point = evaluation.points[index]!;
  return { prompt: 'Write about tea.', text, point, overall: (point.lengthScore + point.qualityScore!) / 2 };
};

/** A whole run as the quickstart might leave it; the numbers are made up. */
export const SAMPLE_REPORT: ReportData = {
  run: 'quickstart',
  stages: [
    { stage: 'select', seconds: 0.4, summary: '13 of 14 instructions; left out: 1 duplicate' },
    { stage: 'generate', seconds: 164, summary: '10 kept, 2 rejected, 1 failed' },
    { stage: 'dataset', seconds: 1.2, summary: '10 training rows, 0 general rows' },
    { stage: 'sft', seconds: 92, summary: 'trained on 10 rows' },
    { stage: 'preferences', seconds: 121, summary: '6 pairs of 8 prompts' },
    { stage: 'dpo', seconds: 61, summary: 'trained on 6 rows' },
    { stage: 'evaluate', seconds: 133, summary: 'base: 8 completions, sft: 8 completions, dpo: 8 completions' },
  ],
  dataset: {
    name: 'longwriter-quickstart',
    selected: 13,
    kept: 10,
    rejected: { 'length-score': 1, 'section-truncated': 1 },
    failed: 1,
    words: POINTS.map(({ written }) => written),
    points: POINTS,
  },
  trainings: [
    { method: 'sft', rows: 10, steps: 20, seconds: 88, losses: falling(20, 2.9, 2.3), gate: GATES.passed },
    { method: 'dpo', rows: 6, steps: 8, seconds: 57, losses: falling(8, 0.69, 0.52), gate: GATES.failed },
  ],
  preferences: {
    prompts: 8,
    pairs: 6,
    general: 70,
    generalAsked: 72,
    dropped: { 'spread-too-small': 1, unscored: 1 },
    spread: { min: 1.5, median: 8, mean: 9.25, max: 20 },
  },
  evaluations: EVALUATIONS,
  comparisons: compareEvaluations(EVALUATIONS),
  calibration: {
    judge: EVALUATIONS[0]!.judge,
    completions: 20,
    unscored: 1,
    drift: { mean: -1.4, n: 19, low: -4.1, high: 1.2 },
  },
  examples: EVALUATIONS.map((one) => ({
    model: one.model,
    best: [exampleOf(one, 6, 'Tea is a leaf.\n\nIt is warm, and it is brown.'), exampleOf(one, 7, 'Tea and rain.')],
    worst: [exampleOf(one, 0, 'Tea tea tea.')],
  })),
  writer: { model: 'openai/SmolLM2-135M-Instruct' },
  judgeIsStandIn: true,
  calls: { calls: 153, promptTokens: 121_400, cachedTokens: 98_220, completionTokens: 60_331 },
};
