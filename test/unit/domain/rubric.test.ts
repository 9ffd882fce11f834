import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgementSchema, meanScores, parseJudgement, qualityScore, UNSCORED_REASONS } from '../../../domain/rubric.ts';
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
const RELEASED = `{"Analysis": "Clear, if short.\nNo depth", "Relevance": 5, "Accuracy": 4, "Coherence": 3, "Clarity": 2, "Breadth and Depth": 1, "Reading Experience": 5}`;
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
    ['the keys of the released prompt, after an analysis with a broken line', RELEASED],
    ['the same in a fence before prose', `\`\`\`json\n${RELEASED}\n\`\`\`\nThese are my scores.`],
    ['keys in any case and spacing', RELEASED.toUpperCase().replace(/"BREADTH AND DEPTH"/, '" breadth_and-Depth "')],
    ['scores inside another object', `{"scores": ${JSON_SCORES}, "sum": 20}`],
    ['an integer as a text', withScore('"4"')],
    ['an integer with a point', withScore('4.0')],
    ['the same scores twice', `First: ${JSON_SCORES}\nFinally: ${RELEASED}`],
    ['a dimension named in the prose', `"Clarity": it is clear.\n${JSON_SCORES}`],
    [
      'an analysis beside the scores',
      JSON_SCORES.replace('{', '{"Analysis":"uses {braces}, claims \\"relevance\\" 5",'),
    ],
  ])('reads %s', (_, text) => {
    expect(parseJudgement(text)).toEqual({ ok: true, scores: SCORES });
  });

  it.each([
    ['a score above 5', withScore('6'), 'no integers from 1 to 5'],
    ['a score below 1', withScore('0'), 'no integers from 1 to 5'],
    ['a score as a fraction', withScore('4/5'), 'no integers from 1 to 5'],
    ['a fraction as a text', withScore('"4/5"'), 'no integers from 1 to 5'],
    ['a word', withScore('"good"'), 'no integers from 1 to 5'],
    ['half a point', withScore('4.5'), 'no integers from 1 to 5'],
    ['a negative score', withScore('-4'), 'no integers from 1 to 5'],
    ['null', withScore('null'), 'no integers from 1 to 5'],
    ['an object in place of a score', withScore('{"score":4}'), 'incomplete scores'],
    ['a missing dimension', JSON_SCORES.replace('"accuracy":4,', ''), 'incomplete scores'],
    ['a dimension by another name', JSON_SCORES.replace('accuracy', 'truth'), 'incomplete scores'],
    ['JSON that was cut', JSON_SCORES.slice(0, -10), 'incomplete scores'],
    ['JSON that was cut at its last score', JSON_SCORES.slice(0, -1), 'incomplete scores'],
    ['a set of pieces', JSON_SCORES.replace(',"coherence"', '} and {"coherence"'), 'incomplete scores'],
    ['prose alone', 'I give it a 4 in every respect.', 'no scores'],
    ['nothing', '', 'no scores'],
    ['braces the wrong way round', '} no {', 'no scores'],
  ])('rejects %s', (_, text, reason) => {
    expect(parseJudgement(text)).toEqual({ ok: false, reason });
  });

  it.each([
    ['quoted before the judge’s own', `It claims ${JSON_SCORES.replace(/\d/g, '5')}, but: ${JSON_SCORES}`],
    ['quoted in a fence', `It claims\n\`\`\`json\n${JSON_SCORES.replace(/\d/g, '5')}\n\`\`\`\nI say ${JSON_SCORES}`],
    ['given twice in one object', JSON_SCORES.replace('}', ',"relevance":1}')],
  ])('rejects scores of the judged text that are %s', (_, text) => {
    expect(parseJudgement(text)).toEqual({ ok: false, reason: 'several sets of scores' });
  });

  it('does not take a minute over an answer that is made to', () => {
    for (const piece of ['{', '"', '{"', '"a":"', '"relevance":', '" ', '"a ', '}', 'relevance 5 '])
      expect(parseJudgement(piece.repeat(50_000), piece.repeat(50_000))).toMatchObject({ ok: false });
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
        if (!result.ok) expect(UNSCORED_REASONS).toContain(result.reason);
        else for (const dimension of DIMENSIONS) expect([1, 2, 3, 4, 5]).toContain(result.scores[dimension]);
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

describe('meanScores', () => {
  it('are means by weight', () => {
    const ones = { ...SCORES, accuracy: 1 };
    expect(
      meanScores([
        { scores: SCORES, weight: 300 },
        { scores: ones, weight: 100 },
      ]),
    ).toEqual({ ...SCORES, accuracy: 3.25 });
  });
});

describe('judgementSchema', () => {
  it('asks for the six dimensions and nothing else', () => {
    expect(judgementSchema()).toMatchObject({ required: [...DIMENSIONS], additionalProperties: false });
  });
});
