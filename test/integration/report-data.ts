import { compareEvaluations } from '../../activities/compare-evaluations.ts';
import type { ReportData } from '../../activities/report/data.ts';
import { evaluated, requiredOf, SAMPLE_REPORT } from '../unit/report-sample.ts';

/** Texts of a model that try to leave their place on a page. */
export const HOSTILE_TEXTS = [
  '</div></details><script>window.escaped=1</script><img src=x onerror=window.escaped=1><style>*{display:none}</style>',
  'a'.repeat(200_000),
  '\u202e\u2067drow siht\u202e\u202b שלום عالم \u200f'.repeat(20),
  '\u001b[2J\u0000\u0007\ud800\u2028\u0085 \u200b\ufeff',
];

const indexes = Array.from({ length: 40 }, (_, index) => index);
/** Up to `most` words are written about as asked, and of longer texts a part; made up, but even so the shape that the paper tells of. */
const written = (most: number, shift: number): number[] =>
  indexes.map((index) => {
    const wanted = requiredOf(index) * (0.86 + 0.3 * Math.abs(Math.sin(index * 2.3 + shift)));
    return Math.round(wanted <= most ? wanted : most * (0.7 + 0.35 * Math.abs(Math.sin(index + shift))));
  });
const EVALUATIONS = [
  evaluated('base', written(900, 0), [2, 17]),
  evaluated('sft', written(4200, 1), [5]),
  evaluated('dpo', written(7800, 2)),
].map((one) => ({ ...one, judge: { ...one.judge, model: 'example/judge' } }));

/** A run of forty prompts with made-up numbers. */
export const LARGE_REPORT: ReportData = {
  ...SAMPLE_REPORT,
  run: 'example',
  evaluations: EVALUATIONS,
  comparisons: compareEvaluations(EVALUATIONS),
  judgeIsStandIn: false,
  writer: { model: 'example/writer' },
};

/** The same with nothing but hostile answers to read, of models with names as long as they may be. */
export const HOSTILE_REPORT: ReportData = {
  ...LARGE_REPORT,
  examples: EVALUATIONS.map(({ points }, index) => ({
    model: ['base', 'a'.repeat(40), '1'][index]!,
    best: HOSTILE_TEXTS.map((text) => ({ prompt: text, text, point: { ...points[0]!, type: text }, overall: 50 })),
    worst: [],
  })),
  evaluations: EVALUATIONS.map((one, index) => ({ ...one, model: ['base', 'a'.repeat(40), '1'][index]! })),
};
