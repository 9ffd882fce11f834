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
    .map((text) => text.replace(/[\s[\]【】*_:：-]+/gu, ' ').trim())
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
    ['a Chinese line', '第一段：主旨：城市的起源，字数：300字', '城市的起源'],
    ['a Chinese line in brackets', '【第1段】主要内容：城市的起源；字数要求：约300字左右', '城市的起源'],
    ['a Chinese line in the form of the paper', '段落一 - 要点：城市的起源 - 字数：300字', '城市的起源'],
    ['a Chinese list', '一、主旨：城市的起源。（300字）', '城市的起源。'],
    ['a number in words', 'Section One: Main Point: The start - Word Count: 300', 'The start'],
    ['a numbered list', '1. **Paragraph 1** - Main Point: The start - Word Count: 300', 'The start'],
    ['a numbered list without names', '1. Main Point: The start - Word Count: 300', 'The start'],
    ['a line without dashes', 'Paragraph 1: Main Point: The start, Word Count: 300 words', 'The start'],
    ['a line without labels', 'Paragraph 1: The start - 300 words', 'The start'],
    ['a word count in brackets', 'Section 1 – The start (about 300 words)', 'The start'],
    ['a word count without its label', 'Paragraph 1 - Main Point: The start [300 words]', 'The start'],
    ['a bracket that is not closed', 'Paragraph 1 - Main Point: [The start - Word Count: [300 words', 'The start'],
    ['a bracket that is not opened', 'Paragraph 1 - Main Point: The start] - Word Count: 300 words]', 'The start'],
    ['a range', line(1, 'The start', '250-350 words'), 'The start'],
    ['a range in words', line(1, 'The start', '200 to 400 words'), 'The start'],
    ['a Chinese range', '第一段：主旨：开头，字数：200字～400字', '开头'],
    ['a dash after the word count that makes no range', line(1, 'The start', '300 words - 2 examples'), 'The start'],
    ['a year after the word count that makes no range', line(1, 'The start', '300 words - 2024 in mind'), 'The start'],
    ['a full stop before the word count', 'Paragraph 1: It starts. 300 words', 'It starts.'],
    ['a remark after the word count', line(1, 'The start', '300 words (with a quotation)'), 'The start'],
    ['a title before the main point', 'Paragraph 1: Dawn - Main Point: The start - Word Count: 300', 'Dawn: The start'],
    [
      'a main point on lines of its own',
      'Paragraph 1\n- **Main Point:** The start\n- **Word Count:** 300',
      'The start',
    ],
  ])('takes %s', (_, text, mainPoint) => {
    expect(parsePlanText(text)).toEqual({ ok: true, sections: [{ mainPoint, words: 300 }] });
  });

  it.each([
    ['chat between its lines', `${line(1, 'a', '300')}\nNow the next.\n${line(2, 'b', '300')}`, 'plan-unreadable'],
    ['chat alone', 'Paragraph 1 is where I would begin. How long should it be?', 'plan-unreadable'],
    ['a last line that is cut off', `${line(1, 'a', '300')}\nParagraph 2 - Main Point: The fa`, 'plan-unreadable'],
    ['a plan that begins at 2', line(2, 'a', '300'), 'plan-numbering'],
    ['two plans', `${line(1, 'a', '300')}\n\nOr:\n\n${line(1, 'b', '300')}`, 'plan-unreadable'],
    ['a missing word count', 'Paragraph 1 - Main Point: The start', 'plan-unreadable'],
    ['nothing', ' \n ', 'plan-unreadable'],
    ['a number that is left out', `${line(1, 'a', '300')}\n${line(3, 'b', '300')}`, 'plan-numbering'],
    ['a number that comes twice', `${line(1, 'a', '300')}\n${line(1, 'b', '300')}`, 'plan-numbering'],
  ])('rejects %s', (_, text, reason) => {
    expect(parsePlanText(text)).toMatchObject({ ok: false, reason });
  });

  it.each([
    [
      'chat before and after it',
      (plan: string) => `Sure! Here is the plan:\n\n${plan}\n\nTotal: 700 words. Shall I go on?`,
    ],
    ['Chinese chat before and after it', (plan: string) => `好的，以下是写作计划：\n${plan}\n\n总字数：700字`],
    ['a code fence around it', (plan: string) => `\`\`\`text\n${plan}\n\`\`\``],
    ['line ends of Windows', (plan: string) => plan.replaceAll('\n', '\r\n')],
    ['headings and rules between its lines', (plan: string) => plan.replace('\n', '\n\n---\n## The end\n**Part B**\n')],
  ])('reads a plan with %s', (_, wrap) => {
    expect(parsePlanText(wrap(`${line(1, 'a', '300')}\n${line(2, 'b', '400')}`))).toEqual({
      ok: true,
      sections: [
        { mainPoint: 'a', words: 300 },
        { mainPoint: 'b', words: 400 },
      ],
    });
  });

  it('numbers fifty sections in words and in Chinese', () => {
    const numerals = [
      ['One', '一'],
      ['Two', '二'],
      ['Three', '三'],
      ['Four', '四'],
      ['Five', '五'],
      ['Six', '六'],
      ['Seven', '七'],
      ['Eight', '八'],
      ['Nine', '九'],
    ] as const;
    const tens = ['', 'Twenty', 'Thirty', 'Forty'] as const;
    const teens = ['Ten', 'Eleven', 'Twelve', 'Thirteen', 'Fourteen', 'Fifteen', 'Sixteen', 'Seventeen', 'Eighteen'];
    const english = [
      ...numerals.map(([word]) => word),
      ...[...teens, 'Nineteen'],
      ...tens.slice(1).flatMap((ten) => [ten, ...numerals.map(([word]) => `${ten}-${word.toLowerCase()}`)]),
      'Fifty',
    ];
    const chinese = Array.from({ length: 50 }, (_, index) => {
      const [ten, unit] = [Math.floor((index + 1) / 10), (index + 1) % 10];
      const digit = (value: number) => numerals[value - 1]?.[1] ?? '';
      return `${ten > 1 ? digit(ten) : ''}${ten > 0 ? '十' : ''}${digit(unit)}`;
    });
    for (const lines of [
      english.map((word) => `Paragraph ${word} - Main Point: a - Word Count: 300`),
      chinese.map((character) => `第${character}段：主旨：a，字数：300字`),
    ])
      expect(parsePlanText(lines.join('\n'))).toMatchObject({ ok: true, sections: { length: 50 } });
  });

  it('says where the plan is wrong, by position', () => {
    const plan = `Here it is:\n\n${line(1, 'a', '300')}\n`;
    expect(parsePlanText(`${plan}Hm.\n${line(2, 'b', '300')}`)).toMatchObject({ detail: 'line 4 is no plan line' });
    expect(parsePlanText(plan + line(4, 'b', '300'))).toMatchObject({ detail: 'line 4 has number 4, 2 expected' });
    expect(parsePlanText(`${plan}Paragraph 2: The`)).toMatchObject({ detail: 'line 4 has no word count' });
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
    const loops = [
      '-',
      '- ',
      ' ',
      ': ',
      '*',
      '[',
      '`',
      '#',
      '\n',
      '\t',
      '1',
      '1.',
      ',000',
      '字数',
      '第一段：',
      'main point: ',
    ];
    const starts = [
      '',
      'Paragraph 1',
      'Paragraph 1 - Main Point:',
      'Paragraph 1 - Main Point: a - Word Count',
      '段落1：字数：1',
    ];
    for (const loop of [
      ...loops,
      'word count: ',
      'word count: 1 ',
      '-word count: 1 ',
      'paragraph 1 ',
      'paragraph 1:\n',
      'word count:\n',
    ])
      for (const start of starts) for (const end of ['', 'x', '\n']) parsePlanText(start + loop.repeat(10_000) + end);
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

describe('parsePlanJson', () => {
  it.each([
    ['a code fence', '```json\n{"sections": [{"mainPoint": "a", "words": 400}]}\n```'],
    ['chat around it', 'Here it is:\n{"sections": [{"mainPoint": "a", "words": 400}]}\nShall I go on?'],
    ['words as digits in a text', '{"sections": [{"mainPoint": "a", "words": "400"}]}'],
    ['words with their unit', '{"sections": [{"mainPoint": "a", "words": "about 400 words"}]}'],
    ['a range of words', '{"sections": [{"mainPoint": "a", "words": "300-500"}]}'],
  ])('takes %s', (_, text) => {
    expect(parsePlanJson(text)).toEqual({ ok: true, sections: [{ mainPoint: 'a', words: 400 }] });
  });

  it('says which section is wrong', () => {
    const text = '{"sections": [{"mainPoint": "a", "words": 400}, {"mainPoint": "b"}]}';
    expect(parsePlanJson(text)).toMatchObject({ detail: 'section 2 has no mainPoint or no words' });
  });

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
    ['words as a text that is no count', '{"sections": [{"mainPoint": "a", "words": "as many as it takes"}]}'],
    ['half a word', '{"sections": [{"mainPoint": "a", "words": 1.5}]}'],
    ['a main point that is no text', '{"sections": [{"mainPoint": {}, "words": 400}]}'],
  ])('rejects %s', (_, text) => {
    expect(parsePlanJson(text)).toMatchObject({ ok: false, reason: 'plan-unreadable' });
  });
});

/** Every detail of a refused plan: words of our own, numbers and positions, and nothing else. */
const DETAIL = new RegExp(
  `^(?:${[
    'no plan line',
    'not JSON',
    'the JSON has no list of sections',
    'line # (?:is no plan line|has no word count|has number #, # expected)',
    'section # has (?:no mainPoint or no words|no main point)',
    '# sections, # to # expected',
    'section #: -?# words, # to # expected',
    '# words planned, # required',
    'main points in script (?:han|latin|other), (?:han|latin|other) expected',
  ]
    .join('|')
    .replaceAll('#', String.raw`[\d.e+]+`)})$`,
);

describe('a plan of hostile text', () => {
  it.each([
    ['text', parsePlanText],
    ['JSON', parsePlanJson],
  ])('never throws as %s, and keeps the limits where it is accepted', (_, parse) => {
    fc.assert(
      fc.property(hostile, fc.option(fc.integer({ min: 1, max: 40_000 }), { nil: undefined }), (text, required) => {
        const parsed = parse(text);
        const limits = limitsFor(LIMITS, required);
        const checked = parsed.ok ? checkPlan(parsed.sections, limits, required, 'latin') : parsed;
        if (!checked.ok) {
          expect(checked.detail).toMatch(DETAIL);
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
    ['a section without a main point', [{ mainPoint: '', words: 400 }], undefined, 'plan-unreadable'],
    ['a main point without a word', [{ mainPoint: '[…]', words: 400 }], undefined, 'plan-unreadable'],
    ['less than half of what is required', sections(499), 1000, 'plan-words'],
    ['more than twice what is required', sections(1000, 1000, 200), 1000, 'plan-words'],
  ])('rejects %s', (_, plan, required, reason) => {
    expect(checkPlan(plan, LIMITS, required)).toMatchObject({ ok: false, reason });
  });

  it('says which section is wrong', () => {
    expect(checkPlan(sections(400, 5), LIMITS)).toMatchObject({
      detail: 'section 2: 5 words, 200 to 1000 expected',
    });
  });

  describe('with an expected script', () => {
    const english = [{ mainPoint: 'How the city began, and who built it', words: 400 }];
    const chinese = [{ mainPoint: '介绍城市的起源，以及谁建造了它', words: 400 }];

    it('rejects main points that are clearly in another', () => {
      expect(checkPlan(english, LIMITS, undefined, 'han')).toMatchObject({ ok: false, reason: 'plan-language' });
      expect(checkPlan(chinese, LIMITS, undefined, 'latin')).toEqual({
        ok: false,
        reason: 'plan-language',
        detail: 'main points in script han, latin expected',
      });
    });

    it('accepts main points in it, mixed ones, and ones too short to tell', () => {
      expect(checkPlan(english, LIMITS, undefined, 'latin').ok).toBe(true);
      expect(checkPlan(chinese, LIMITS, undefined, 'han').ok).toBe(true);
      expect(checkPlan([...english, ...chinese], LIMITS, undefined, 'latin').ok).toBe(true);
      expect(checkPlan(sections(400), LIMITS, undefined, 'han').ok).toBe(true);
    });
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
