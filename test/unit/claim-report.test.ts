import { describe, expect, test } from 'vitest';
import {
  drawClaimPictures,
  renderClaim,
  renderClaimMarkdown,
  type ClaimReport,
} from '../../activities/report/claim.ts';
import { plain } from '../../activities/report/table.ts';
import { CLAIMS, judgeClaims, lookCloser, type Measured } from '../../domain/claim.ts';
import type { EvaluationScores } from '../../domain/schemas/evaluation.ts';
import { evaluated, requiredOf } from './report-sample.ts';

const upTo = (most: number): number[] =>
  Array.from({ length: 16 }, (_, index) => Math.round(Math.min(requiredOf(index), most) * (0.8 + (0.05 * index) / 3)));
const MEASURED: Measured = {
  base: evaluated('base', upTo(400)),
  doses: [150, 600].map((maxWords) => ({
    ...{ model: `sft-${maxWords}`, maxWords, longest: maxWords - 2, meanWords: maxWords - 30, rows: 60 },
    scores: evaluated(`sft-${maxWords}`, upTo(maxWords)),
  })),
  dpo: evaluated('dpo', upTo(700)),
};
const HOW = {
  asked: [900, 1200] as const,
  sft: '2 epochs',
  dpo: '1 epoch',
  pairs: '14 of 16 prompts',
  sampling: 'temperature 0.5, repeat_penalty 1.15',
  serving: 'q8_0',
};
const REPORT: ClaimReport = {
  measured: MEASURED,
  claims: judgeClaims(MEASURED),
  closer: lookCloser(MEASURED),
  cast: { trained: 'trained-1B', writer: 'writer-9B', judge: 'judge-135M', judgeIsStandIn: true, ...HOW },
  times: { title: 'Time by run and stage', head: ['Run', 'sft'], rows: [[plain('claim-150'), plain('3 min')]] },
  facts: [['command', 'npm run experiment -- claim']],
};

describe('the report of the experiment', () => {
  test('tells each claim with its verdict and interval, in HTML that runs nothing and in Markdown', () => {
    const page = renderClaim(REPORT);
    const text = renderClaimMarkdown(REPORT, 'pictures');
    expect(page).not.toMatch(/<script|undefined|NaN/);
    expect(text).not.toMatch(/undefined|NaN/);
    for (const { claim, verdict, value } of REPORT.claims) {
      expect(page).toContain(CLAIMS[claim]);
      const row = text.split('\n').find((line) => line.startsWith(`| ${CLAIMS[claim]}`));
      expect(row).toContain(`| ${verdict} |`);
      expect(row).toContain(`n ${value.n}`);
    }
    expect(text).toContain('](pictures/claim-doses.svg)');
    expect(text).toContain('| sft-150 | 60 | 150 | 148 | 120 |');
  });

  test('says what is not as in the paper, and that the judge is a stand-in where it is one', () => {
    for (const text of [renderClaim(REPORT), renderClaimMarkdown(REPORT, '.')]) {
      expect(text).toContain('GLM-4-9B');
      for (const name of ['trained-1B', 'writer-9B', 'judge-135M, a stand-in']) expect(text).toContain(name);
    }
    const judged = { ...REPORT, cast: { ...REPORT.cast, judgeIsStandIn: false } };
    for (const text of [renderClaim(judged), renderClaimMarkdown(judged, '.')]) expect(text).not.toContain('stand-in');
  });

  test('without a judge, names none of its scores', () => {
    const unjudged = (one: EvaluationScores): EvaluationScores => ({ ...one, judge: { ...one.judge, judgements: 0 } });
    const { base, doses, dpo } = MEASURED;
    const measured = {
      base: unjudged(base),
      doses: doses.map((dose) => ({ ...dose, scores: unjudged(dose.scores) })),
      dpo: unjudged(dpo),
    };
    const text = renderClaimMarkdown({ ...REPORT, measured }, '.');
    expect(text).toContain('Nobody was asked to judge');
    expect(text).not.toMatch(/S\\_q|S̄|stand-in/);
    expect(renderClaim({ ...REPORT, measured })).not.toMatch(/S<sub>q|S̄|stand-in/);
  });

  test('says of a claim that is not shown where a loss is there all the same, and first of all what it is not', () => {
    const claims = REPORT.claims.map((one) =>
      one.claim === 'short'
        ? { ...one, verdict: 'not shown' as const, value: { mean: -20, n: 8, low: -40, high: -3 } }
        : one,
    );
    const text = renderClaimMarkdown({ ...REPORT, claims, note: 'A quick one.' }, '.');
    expect(text).toMatch(/^# .*\n\n\*\*A quick one\.\*\*/);
    expect(text).toContain('| not shown (there is a loss; whether it is more than the allowed one is not decided) |');
    expect(renderClaim({ ...REPORT, note: 'A quick one.' })).toContain('A quick one.');
  });

  test('draws its pictures in colours of their own, the same for the same numbers', () => {
    const pictures = drawClaimPictures(MEASURED);
    expect(Object.keys(pictures)).toEqual(['claim-doses.svg', 'claim-lengths.svg', 'claim-measures.svg']);
    for (const picture of Object.values(pictures)) {
      expect(picture).toMatch(/^<svg [^>]*xmlns=/);
      expect(picture).not.toContain('var(');
    }
    expect(drawClaimPictures(MEASURED)).toEqual(pictures);
    expect(pictures['claim-doses.svg']).toContain('148 → ');
  });
});
