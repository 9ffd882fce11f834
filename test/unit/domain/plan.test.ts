import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkPlan,
  limitsFor,
  parsePlanJson,
  parsePlanText,
  planSchema,
  type PlanLimits,
} from '../../../domain/plan.ts';
import { planLines } from '../../../domain/prompts.ts';

const LIMITS: PlanLimits = { sections: { min: 1, max: 50 }, sectionWords: { min: 200, max: 1000 } };

const line = (number: number, point: string, words: string) =>
  `Paragraph ${number} - Main Point: ${point} - Word Count: ${words}`;

/** Text as a model that went astray writes it: pieces of the grammar in any order, and anything else. */
const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        'Paragraph ',
        'Main Point',
        'Word Count',
        ': ',
        ' - ',
        '1',
        '2',
        '9999999999',
        '[',
        ']',
        '\n',
        '**',
      ),
      fc.constantFrom(
        '{"sections":[',
        '{"mainPoint":"a","words":300}',
        ']}',
        '__proto__',
        '段',
        '，',
        '\u0000',
        '\u2028',
      ),
      fc.constantFrom(`${line(1, 'a', '300')}\n`, `${line(2, 'b', '1000')}\n`, `${line(1, '', '50')}\n`),
      fc.string({ unit: 'binary', maxLength: 8 }),
    ),
    { maxLength: 12 },
  )
  .map((pieces) => pieces.join(''));

const planned = fc.record({
  mainPoint: fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
    .map((text) => text.replace(/[\s[\]*_:：-]+/gu, ' ').trim())
    .filter((text) => text !== '' && !/word count/i.test(text)),
  words: fc.integer({ min: 1, max: 5000 }),
});

describe('parsePlanText', () => {
  it('reads the line grammar of the paper', () => {
    const text = `${line(1, '[How the city began]', '[400 words]')}\n\n${line(2, 'Its fall', '1,000 words')}\n`;
    expect(parsePlanText(text)).toEqual({
      ok: true,
      sections: [
        { mainPoint: 'How the city began', words: 400 },
        { mainPoint: 'Its fall', words: 1000 },
      ],
    });
  });

  it.each([
    [
      'Markdown around the words',
      '**Paragraph 1** - **Main Point:** The start - **Word Count:** 300 words',
      'The start',
    ],
    ['list marks before the line', '- Paragraph 1 - Main Point: The start - Word Count: ~300', 'The start'],
    ['long dashes', 'PARAGRAPH 1 – main point: The start — word count: 300', 'The start'],
    ['dashes inside the main point', line(1, 'Self-made men - and women', '300'), 'Self-made men - and women'],
    ['a Chinese main point with a colon and a dash', line(1, '背景: 介绍 - 城市', '300'), '背景: 介绍 - 城市'],
    ['a Chinese colon', 'Paragraph 1 - Main Point：开头 - Word Count：300', '开头'],
    [
      'a main point that speaks of a word count',
      line(1, 'What word count: 5 means', '300'),
      'What word count: 5 means',
    ],
    ['brackets inside the main point', line(1, '[a] and [b]', '300'), '[a] and [b]'],
    ['line ends of Windows', `${line(1, 'The start', '300 words')}\r`, 'The start'],
  ])('takes %s', (_, text, mainPoint) => {
    expect(parsePlanText(text)).toEqual({ ok: true, sections: [{ mainPoint, words: 300 }] });
  });

  it.each([
    ['a line of chat before the plan', `Here is the plan:\n${line(1, 'The start', '300')}`, 'plan-unreadable'],
    ['a missing word count', 'Paragraph 1 - Main Point: The start', 'plan-unreadable'],
    ['nothing', ' \n ', 'plan-unreadable'],
    ['a number that is left out', `${line(1, 'a', '300')}\n${line(3, 'b', '300')}`, 'plan-numbering'],
    ['a number that comes twice', `${line(1, 'a', '300')}\n${line(1, 'b', '300')}`, 'plan-numbering'],
  ])('rejects %s', (_, text, reason) => {
    expect(parsePlanText(text)).toMatchObject({ ok: false, reason });
  });

  it('reads back what planLines writes', () => {
    fc.assert(
      fc.property(fc.array(planned, { minLength: 1, maxLength: 12 }), (sections) => {
        expect(parsePlanText(planLines(sections).join('\n'))).toEqual({ ok: true, sections });
      }),
    );
  });

  it('is done at once with the endless line of a model that loops', () => {
    const started = performance.now();
    for (const loop of ['-', '- ', ' ', ': ', '*', '[', 'word count: ', 'word count: 1 ', 'paragraph 1 '])
      for (const start of ['', 'Paragraph 1', 'Paragraph 1 - Main Point:', 'Paragraph 1 - Main Point: a - Word Count'])
        parsePlanText(start + loop.repeat(10_000));
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

describe('parsePlanJson', () => {
  it('reads the JSON that the schema asks for, with white space made one line', () => {
    const text = '{"sections": [{"mainPoint": " How it\\n began ", "words": 400}]}';
    expect(parsePlanJson(text)).toEqual({ ok: true, sections: [{ mainPoint: 'How it began', words: 400 }] });
  });

  it.each([
    ['broken JSON', '{"sections": ['],
    ['null', 'null'],
    ['no sections', '{}'],
    ['sections that are no list', '{"sections": "two"}'],
    ['a section that is null', '{"sections": [null]}'],
    ['words as a text', '{"sections": [{"mainPoint": "a", "words": "400"}]}'],
    ['half a word', '{"sections": [{"mainPoint": "a", "words": 1.5}]}'],
    ['a main point that is no text', '{"sections": [{"mainPoint": {}, "words": 400}]}'],
  ])('rejects %s', (_, text) => {
    expect(parsePlanJson(text)).toMatchObject({ ok: false, reason: 'plan-unreadable' });
  });
});

describe('a plan of hostile text', () => {
  it.each([
    ['text', parsePlanText],
    ['JSON', parsePlanJson],
  ])('never throws as %s, and keeps the limits where it is accepted', (_, parse) => {
    fc.assert(
      fc.property(hostile, fc.option(fc.integer({ min: 1, max: 40_000 }), { nil: undefined }), (text, required) => {
        const parsed = parse(text);
        const limits = limitsFor(LIMITS, required);
        const checked = parsed.ok ? checkPlan(parsed.sections, limits, required) : parsed;
        if (!checked.ok) {
          expect(checked.detail.length).toBeLessThan(100);
          return;
        }
        expect(checked.sections.length).toBeGreaterThanOrEqual(limits.sections.min);
        expect(checked.sections.length).toBeLessThanOrEqual(limits.sections.max);
        for (const { mainPoint, words } of checked.sections) {
          expect(mainPoint).not.toBe('');
          expect(mainPoint).not.toContain('\n');
          expect(words).toBeGreaterThanOrEqual(limits.sectionWords.min);
          expect(words).toBeLessThanOrEqual(limits.sectionWords.max);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('checkPlan', () => {
  const sections = (...words: number[]) => words.map((count) => ({ mainPoint: 'a', words: count }));

  it('accepts a plan at each of its limits', () => {
    expect(checkPlan(sections(200), LIMITS).ok).toBe(true);
    expect(checkPlan(sections(1000), LIMITS).ok).toBe(true);
    expect(checkPlan(sections(...Array<number>(50).fill(200)), LIMITS).ok).toBe(true);
    expect(checkPlan(sections(500), LIMITS, 1000).ok).toBe(true);
    expect(checkPlan(sections(1000, 1000), LIMITS, 1000).ok).toBe(true);
  });

  it.each([
    ['no sections', sections(), undefined, 'plan-sections'],
    ['more than 50 sections', sections(...Array<number>(51).fill(200)), undefined, 'plan-sections'],
    ['a section that is too short', sections(400, 199), undefined, 'plan-words'],
    ['a section that is too long', sections(1001), undefined, 'plan-words'],
    ['a section without a main point', [{ mainPoint: '', words: 400 }], undefined, 'plan-words'],
    ['less than half of what is required', sections(499), 1000, 'plan-words'],
    ['more than twice what is required', sections(1000, 1000, 200), 1000, 'plan-words'],
  ])('rejects %s', (_, plan, required, reason) => {
    expect(checkPlan(plan, LIMITS, required)).toMatchObject({ ok: false, reason });
  });

  it('says which section is wrong', () => {
    expect(checkPlan(sections(400, 5), LIMITS)).toMatchObject({ detail: 'section 2: 5 words' });
  });
});

describe('limitsFor', () => {
  it('leaves the limits as they are where no length is required', () => {
    expect(limitsFor(LIMITS)).toEqual(LIMITS);
  });

  it.each([
    [1000, 1, 5],
    [2001, 3, 10],
    [100, 1, 1],
    [1_000_000, 50, 50],
  ])('splits %i words into %i to %i sections', (required, min, max) => {
    expect(limitsFor(LIMITS, required)).toEqual({ ...LIMITS, sections: { min, max } });
  });

  it('stays within the configured limits, and leaves at least one number of sections', () => {
    const limits = fc
      .tuple(fc.integer({ min: 1, max: 50 }), fc.nat(50), fc.integer({ min: 1, max: 1000 }), fc.nat(1000))
      .map(([sections, more, words, longer]) => ({
        sections: { min: sections, max: sections + more },
        sectionWords: { min: words, max: words + longer },
      }));
    fc.assert(
      fc.property(limits, fc.integer({ min: 1, max: 100_000 }), (configured, required) => {
        const { sections } = limitsFor(configured, required);
        expect(sections.min).toBeGreaterThanOrEqual(configured.sections.min);
        expect(sections.max).toBeLessThanOrEqual(configured.sections.max);
        expect(sections.min).toBeLessThanOrEqual(sections.max);
      }),
    );
  });
});

describe('planSchema', () => {
  it('holds an answer to the limits of the plan', () => {
    expect(planSchema({ sections: { min: 2, max: 5 }, sectionWords: { min: 100, max: 250 } })).toMatchObject({
      required: ['sections'],
      additionalProperties: false,
      properties: {
        sections: {
          minItems: 2,
          maxItems: 5,
          items: {
            required: ['mainPoint', 'words'],
            additionalProperties: false,
            properties: { words: { type: 'integer', minimum: 100, maximum: 250 } },
          },
        },
      },
    });
  });

  it('is plain JSON, so that it can be part of a fingerprint', () => {
    expect(JSON.parse(JSON.stringify(planSchema(LIMITS)))).toEqual(planSchema(LIMITS));
  });
});
