import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgementSchema, parseJudgement, qualityScore } from '../../../domain/rubric.ts';
import { DIMENSIONS, type RubricScores } from '../../../domain/schemas/completion.ts';

const SCORES: RubricScores = {
  relevance: 5,
  accuracy: 4,
  coherence: 3,
  clarity: 2,
  breadthAndDepth: 1,
  readingExperience: 5,
};
const JSON_SCORES = JSON.stringify(SCORES);
const withScore = (value: string) => JSON_SCORES.replace('"accuracy":4', `"accuracy":${value}`);
const rubric = fc.record(
  Object.fromEntries(DIMENSIONS.map((dimension) => [dimension, fc.integer({ min: 1, max: 5 })])),
) as unknown as fc.Arbitrary<RubricScores>;

describe('parseJudgement', () => {
  it.each([
    ['bare JSON', JSON_SCORES],
    ['JSON over several lines', JSON.stringify(SCORES, undefined, 2)],
    ['JSON in a fence', `\`\`\`json\n${JSON_SCORES}\n\`\`\``],
    ['JSON in a fence without a name', `\`\`\`\n${JSON_SCORES}\n\`\`\``],
    ['JSON after some prose', `The text is clear, if short.\n\n${JSON_SCORES}`],
    ['JSON between prose', `Analysis first.\n\`\`\`json\n${JSON_SCORES}\n\`\`\`\nI hope this helps {truly}.`],
    [
      'an analysis beside the scores',
      JSON_SCORES.replace('{', '{"Analysis":"uses {braces}, claims \\"relevance\\" 5",'),
    ],
  ])('reads %s', (_, text) => {
    expect(parseJudgement(text)).toEqual({ ok: true, scores: SCORES });
  });

  it.each([
    ['a score above 5', withScore('6')],
    ['a score below 1', withScore('0')],
    ['a score as a fraction', withScore('4/5')],
    ['a score as a text', withScore('"4"')],
    ['half a point', withScore('4.5')],
    ['null', withScore('null')],
    ['a missing dimension', JSON_SCORES.replace('"accuracy":4,', '')],
    ['a dimension in another spelling', JSON_SCORES.replace('accuracy', 'Accuracy')],
    ['JSON that was cut', JSON_SCORES.slice(0, -10)],
    ['prose alone', 'I give it a 4 in every respect.'],
    ['nothing', ''],
    ['braces the wrong way round', '} no {'],
  ])('rejects %s', (_, text) => {
    expect(parseJudgement(text)).toMatchObject({ ok: false });
  });

  it('names the dimension that has no score', () => {
    expect(parseJudgement(withScore('6'))).toEqual({ ok: false, reason: 'no score from 1 to 5 for accuracy' });
  });

  it.each([
    ['quoted before the judge’s own', `It claims ${JSON_SCORES.replace(/\d/g, '5')}, but: ${JSON_SCORES}`],
    ['quoted in a fence', `It claims\n\`\`\`json\n${JSON_SCORES.replace(/\d/g, '5')}\n\`\`\`\nI say ${JSON_SCORES}`],
    ['given twice in one object', JSON_SCORES.replace('}', ',"relevance":5}')],
  ])('rejects scores of the judged text that are %s', (_, text) => {
    expect(parseJudgement(text)).toEqual({ ok: false, reason: 'more than one set of scores' });
  });

  it('never throws, and an accepted judgement has six integers from 1 to 5', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '{',
        '}',
        '```',
        '```json',
        ':',
        ',',
        '"',
        '[',
        '6',
        '-1',
        '1e9',
        '__proto__',
        'null',
        JSON_SCORES,
      ),
      fc.constantFrom(...DIMENSIONS.map((dimension) => `"${dimension}":3`)),
      fc.string({ maxLength: 5 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 15 }), (pieces) => {
        const result = parseJudgement(pieces.join(''));
        if (!result.ok) return;
        for (const dimension of DIMENSIONS) expect([1, 2, 3, 4, 5]).toContain(result.scores[dimension]);
      }),
      { numRuns: 500 },
    );
  });
});

describe('qualityScore', () => {
  it('is 0 for all ones, 50 for all threes and 100 for all fives', () => {
    const all = (score: number) => Object.fromEntries(DIMENSIONS.map((name) => [name, score])) as RubricScores;
    expect([1, 3, 5].map((score) => qualityScore(all(score)))).toEqual([0, 50, 100]);
  });

  it('has, over many judgements, the mean that the released script computes by dimension', () => {
    fc.assert(
      fc.property(fc.array(rubric, { minLength: 1, maxLength: 30 }), (judgements) => {
        // eval_quality.py: the mean of each dimension, minus 1, times 25; then the mean of the six.
        const totals = DIMENSIONS.map(
          (dimension) => (judgements.reduce((sum, scores) => sum + scores[dimension], 0) / judgements.length - 1) * 25,
        );
        const released = totals.reduce((sum, total) => sum + total, 0) / totals.length;
        const ours = judgements.reduce((sum, scores) => sum + qualityScore(scores), 0) / judgements.length;
        expect(ours).toBeCloseTo(released, 9);
      }),
    );
  });
});

describe('judgementSchema', () => {
  it('asks for the six dimensions and nothing else', () => {
    expect(judgementSchema()).toMatchObject({ required: [...DIMENSIONS], additionalProperties: false });
  });
});
