import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CHECKS_OFF, checkSection, type SectionChecks } from '../../../domain/section-check.ts';

const answer = (text: string, finishReason = 'stop') => ({
  text,
  finishReason,
  usage: { promptTokens: 0, cachedTokens: 0, completionTokens: 0 },
});

const check = (
  text: string,
  checks: Partial<SectionChecks> = {},
  more: { earlier?: string[]; expected?: 'han' | 'latin' } = {},
) =>
  checkSection(answer(text), {
    planned: 100,
    earlier: more.earlier ?? [],
    expected: more.expected,
    checks: { ...CHECKS_OFF, ...checks },
  });

/** Words in letters alone, of which none comes twice; other seeds give other words. */
const prose = (words: number, seed = 0) =>
  Array.from({ length: words }, (_, index) =>
    `${seed}${index}`.replace(/\d/g, (digit) => 'abcdefghij'[Number(digit)]!).padStart(5, 'w'),
  ).join(' ');

const ALL: SectionChecks = {
  language: true,
  leaks: true,
  minWordsRatio: 0.5,
  maxWordsRatio: 2,
  maxRepeated: 0.2,
  maxCopied: 0.3,
};

describe('checkSection', () => {
  const context = { planned: 400, earlier: [], expected: undefined, checks: CHECKS_OFF };

  it.each([
    ['an empty answer', answer(' \n '), 'section-empty'],
    ['an answer that is only an identifier', answer('**Paragraph 3**\n'), 'section-empty'],
    ['an answer cut at the token limit', answer('It began', 'length'), 'section-truncated'],
    ['an answer whose thinking took all tokens', answer('', 'length'), 'section-truncated'],
    ['an answer that the provider’s filter cut', answer('It began', 'content_filter'), 'section-refusal'],
    ['an answer that the provider’s filter left empty', answer('', 'content_filter'), 'section-refusal'],
    ['an English refusal', answer("I'm sorry, but I can't help with that."), 'section-refusal'],
    ['a refusal with a typographic apostrophe', answer('I’m sorry, but no.'), 'section-refusal'],
    ['a refusal by what it is', answer('**As an AI** language model, I do not write this.'), 'section-refusal'],
    ['a refusal by an assistant', answer('As an AI developed to be helpful, I must pass.'), 'section-refusal'],
    ['an inability', answer("I'm unable to assist with this request."), 'section-refusal'],
    ['a regretted inability', answer('Unfortunately, I am not able to provide this content.'), 'section-refusal'],
    ['a refusal to continue', answer('I won’t be able to continue this story.'), 'section-refusal'],
    ['an apology', answer('I apologize, but this goes against my guidelines.'), 'section-refusal'],
    ['a declined request', answer('I must respectfully decline.'), 'section-refusal'],
    ['a Chinese refusal', answer('抱歉，我无法完成这个请求。'), 'section-refusal'],
    ['a Chinese inability', answer('很遗憾，我无法为您提供这类内容。'), 'section-refusal'],
    ['a Chinese refusal by what it is', answer('作为一个AI语言模型，我不会写这样的内容。'), 'section-refusal'],
    ['a refusal after an identifier', answer('Paragraph 2: I cannot assist with this.'), 'section-refusal'],
  ])('rejects %s', (_, given, reason) => {
    expect(checkSection(given, context)).toMatchObject({ reason });
  });

  it.each([
    ['a text', 'It began in the winter.'],
    ['a Chinese text in which somebody says sorry', '他低下头，说了一声抱歉，然后离开了那座城市。对不起，他又说。'],
    ['a story that begins with an apology', '"Sorry," she said, and closed the door.'],
    ['a Chinese story that begins with an apology', '“对不起，我无法帮助你。”医生说完，关上了门。'],
    ['a narrator who cannot help but wonder', 'I can’t help but wonder what the sea would say.'],
    ['a narrator who cannot forget', 'I cannot forget the winter of that year. I am unable to sleep.'],
    ['a Chinese narrator who cannot forget', '我无法忘记那个夏天，也不能原谅自己。'],
    ['a researcher of AI', 'As an AI researcher, she had seen many winters.'],
    ['Chinese about AI', '作为人工智能的核心技术，深度学习改变了许多行业。'],
    ['a long text that begins with an apology', `I'm sorry, the letter began. ${'It went on for pages. '.repeat(40)}`],
  ])('accepts %s', (_, text) => {
    expect(checkSection(answer(text), context)).toBeUndefined();
  });

  it('checks nothing else where every check is off', () => {
    const bad = `Main Point: a\n${'the same again and again and again '.repeat(50)}!!!!!!`;
    const given = { ...context, earlier: [bad], expected: 'han' as const };
    expect(checkSection(answer(bad), given)).toBeUndefined();
  });
});

describe('the check of the language', () => {
  it('rejects a section that is clearly in another script', () => {
    expect(check('It began in the winter of that year.', { language: true }, { expected: 'han' })).toEqual({
      reason: 'section-language',
      detail: 'in script latin, han expected',
    });
    expect(check('故事从那年冬天开始，一直到春天。', { language: true }, { expected: 'latin' })).toMatchObject({
      reason: 'section-language',
    });
  });

  it('accepts one in it, a mixed one, and any where none is expected', () => {
    const text = '故事从那年冬天开始，一直到春天。';
    expect(check(text, { language: true }, { expected: 'han' })).toBeUndefined();
    expect(check(text, { language: true })).toBeUndefined();
    expect(
      check(`${text} It began in the winter of that year`, { language: true }, { expected: 'latin' }),
    ).toBeUndefined();
    expect(
      check('在 Kubernetes 集群中部署 PostgreSQL 的三个步骤如下所示', { language: true }, { expected: 'han' }),
    ).toBeUndefined();
  });
});

describe('the check of leaks', () => {
  it.each([
    ['a plan line', 'Paragraph 2 - Main Point: The fall - Word Count: 400 words\n\nIt fell.', 'plan line', 1],
    ['a plan line in the middle', 'It fell.\n\n**Paragraph 3** - **Main Point:** The end - 300 words', 'plan line', 3],
    ['a main point', '**Main Point:** The fall of the city\n\nIt fell.', 'plan line', 1],
    ['a Chinese plan line', '它倒下了。\n第三段：主旨：结局，字数：400字', 'plan line', 2],
    ['a word count', 'It fell.\n\nWord count: 240', 'word count', 3],
    ['a word count in emphasis', 'It fell.\n\n**Word Count:** 240 words', 'word count', 3],
    ['a word count in brackets', 'It fell. [Word count: 240 words]', 'word count', 1],
    ['a word count after the title', '## The fall - Word Count: 400 words\n\nIt fell.', 'word count', 1],
    ['words at an end', 'It fell in the winter. (240 words)', 'word count', 1],
    ['words at the end of a quotation', '“It fell.” *(about 240 words)*', 'word count', 1],
    ['words on a line of their own', 'It fell.\n\n(1,240 words)\n\nIt rose.', 'word count', 3],
    ['words in a heading', '### The fall (400 words)\n\nIt fell.', 'word count', 1],
    ['Chinese words', '它倒下了。\n字数：240', 'word count', 2],
    ['Chinese words in brackets', '它倒下了。（字数：约240字）', 'word count', 1],
    ['Chinese words at an end', '它倒下了。（本段约240字）', 'word count', 1],
    ['an end mark', 'It fell.\n\n[End of section]', 'end mark', 3],
    ['an end mark with a number', 'It fell.\n\n--- End of Paragraph 3 ---', 'end mark', 3],
    ['a Chinese end mark', '它倒下了。\n（本段完）', 'end mark', 2],
    ['a hint at the next section', 'It fell.\n\n[Continued in the next section]', 'end mark', 3],
    ['an opening', 'Here is the next paragraph:\n\nIt fell.', 'opening', 1],
    ['an opening on the same line', "Here's paragraph 3: It fell.", 'opening', 1],
    ['an opening with a reason', 'Below is the second section, based on your outline:\n\nIt fell.', 'opening', 1],
    ['a bare opening', 'Here is the paragraph, as requested:\n\nIt fell.', 'opening', 1],
    ['an eager opening', "Sure! Here's the text for this part of the story.\n\nIt fell.", 'opening', 1],
    ['an eager promise', 'Certainly! I’ll continue with the next section of the story:\n\nIt fell.', 'opening', 1],
    ['a Chinese opening', '好的，以下是第三段的内容：\n它倒下了。', 'opening', 1],
    ['a Chinese opening without a yes', '以下是第三段：\n它倒下了。', 'opening', 1],
    ['a note', 'It fell.\n\nNote: This section keeps to the word count of the plan.', 'note', 3],
    [
      'a note in brackets',
      'It fell.\n\n*(Note: the next paragraph will tell of the rise, as this section has the planned 240 words.)*',
      'note',
      3,
    ],
    ['a statement of length', 'It fell.\n\nThis section is approximately 240 words long.', 'note', 3],
    ['our own note on a draw', 'Paragraph 6 - "Your earlier attempt was not accepted".\n\nIt fell.', 'note', 1],
    ['a Chinese note', '它倒下了。\n（注：本段字数约240字，符合大纲。）', 'note', 2],
  ])('finds %s', (_, text, kind, line) => {
    expect(check(text, { leaks: true })).toEqual({ reason: 'section-leak', detail: `${kind} on line ${line}` });
  });

  it.each([
    [
      'an essay about word counts',
      'Editors ask for a word count. Keep an eye on the word count: 240 words are little, and 400 are enough.',
    ],
    ['the length of an abstract', 'An abstract is short (240 words), a paper is not (8,000 words).'],
    ['lengths in a list', '- Abstract (250 words)\n- Introduction (500 words)\n\nThese are what journals expect.'],
    ['a count at the end of a sentence', 'She sent him a letter of 240 words.'],
    ['Chinese about a word count', '编辑要求字数：不少于四百字，但他只写了240字。'],
    ['a main point in a sentence', 'The main point: nobody had looked at the roof.'],
    ['main points of a lecture', '## Main Points\n\nThe main points are three.'],
    ['a Chinese lesson', '教学要点：理解力的概念。\n主旨：友谊。'],
    ['a note for readers', 'Note: This section assumes that Docker is installed.'],
    ['a note about words in a book', 'Note: words of Greek origin are in italics.'],
    [
      'a paragraph in a law',
      'This section is the heart of the act. Here is the section of the law that matters: it is short.',
    ],
    ['something that is shown', 'Here is the first section of the park: a long lawn. Here is the plan they made.'],
    ['a promise of a narrator', 'Of course, I will remember that winter for as long as I live.'],
    ['a Chinese list', '以下是文章的三个观点：\n一、友谊。'],
    ['a text that is read out later on', 'The teacher stood up.\n\nHere is the second paragraph:\n\nIt fell.'],
    ['the length of a section of a book', 'This section is 240 words long in the first print.\n\nIt grew later.'],
    ['the end of a part of a novel', 'He closed the book.\n\nEnd of Part One'],
    ['a heading of its own', '## Section 3.2: Growth\n\nIt grew.'],
    ['a section of an exam', 'Section 1: Read the text.\nSection 2: Write an essay on friendship - 400 words.'],
  ])('accepts %s', (_, text) => {
    expect(check(text, { leaks: true })).toBeUndefined();
  });
});

describe('the check of the words', () => {
  const bounds = { minWordsRatio: 0.5, maxWordsRatio: 2 };

  it.each([
    [49, '49 words, 100 planned'],
    [201, '201 words, 100 planned'],
  ])('rejects %i words for 100 planned', (words, detail) => {
    expect(check('word '.repeat(words), bounds)).toEqual({ reason: 'section-words', detail });
  });

  it.each([50, 100, 200])('accepts %i words for 100 planned', (words) => {
    expect(check('word '.repeat(words), bounds)).toBeUndefined();
    expect(check('字'.repeat(words), bounds)).toBeUndefined();
  });
});

describe('the check of repetition', () => {
  it.each([
    ['a loop', 'And then it was winter, and the snow fell on the town. '.repeat(20)],
    ['a loop after a good beginning', `${prose(100)} ${'and so it went on and on and on '.repeat(10)}`],
    ['a Chinese loop', '雪落在城里，落在山上，落在河里。'.repeat(20)],
    ['one mark without end', `${prose(400)}${'!'.repeat(30)}`],
    ['one word without end', `${prose(400)} ${'the '.repeat(30)}`],
    ['one letter without end', `${prose(400)} N${'o'.repeat(200)}`],
  ])('rejects %s', (_, text) => {
    expect(check(text, { maxRepeated: 0.2 })).toMatchObject({ reason: 'section-repetition' });
  });

  it.each([
    ['prose', prose(400)],
    ['a shout', `${prose(100)} Nooooooooo!!!!!! Hahahaha. 哈哈哈哈哈哈`],
    [
      'rules, blanks and tables',
      `${prose(100)}\n${'-'.repeat(80)}\n${'_'.repeat(80)}\n| a | b |\n|${'-'.repeat(40)}|---|`,
    ],
    [
      'a refrain',
      `${prose(60)}\nRow, row, row your boat, gently down the stream.\n${prose(60, 3)}\nRow, row, row your boat, gently down the stream.`,
    ],
  ])('accepts %s', (_, text) => {
    expect(check(text, { maxRepeated: 0.2 })).toBeUndefined();
  });
});

describe('the check of copies', () => {
  it('rejects a near-copy of any earlier section, and says of which', () => {
    const earlier = ['It began.', `Paragraph 2: ${prose(200)}`, prose(200, 5)];
    expect(check(`${prose(180)} and that was all.`, { maxCopied: 0.3 }, { earlier })).toMatchObject({
      reason: 'section-copy',
      detail: expect.stringMatching(/^9\d % of it stands in section 2, 30 % allowed$/) as string,
    });
  });

  it('accepts a quotation of an earlier section, and what only all of them hold', () => {
    const earlier = [prose(60), prose(60, 3), prose(60, 5)];
    expect(check(`${prose(20)}. ${prose(200, 11)}`, { maxCopied: 0.3 }, { earlier })).toBeUndefined();
    expect(check(`${prose(20)}. ${prose(20, 3)}. ${prose(20, 5)}.`, { maxCopied: 0.5 }, { earlier })).toBeUndefined();
  });
});

describe('a section of hostile text', () => {
  /** Every detail: words of our own and numbers. */
  const DETAIL =
    /^(?:no text|the provider’s filter stopped it|cut at the token limit after \d+ words|begins as a refusal, \d+ words|in script (?:han|latin|other), (?:han|latin|other) expected|(?:plan line|word count|end mark|opening|note) on line \d+|the same more than 24 times in a row|\d+ % of it (?:repeated|stands in section \d+), \d+ % allowed|\d+ words, \d+ planned)$/;

  it('is accepted or refused with a detail of our own words and numbers, and never throws', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'Paragraph 1',
        ' - Main Point: ',
        ' - Word Count: 400 words',
        '\n',
        '(240 words)',
        '字数：240',
        'Note: this section ',
      ),
      fc.constantFrom(
        "I'm sorry, ",
        'Here is the next paragraph:',
        '[End of section]',
        '故事从那年冬天开始。',
        'It began. ',
        '!!!!!!!!',
      ),
      fc.constantFrom('again and again and again and again and again '),
      fc.string({ unit: 'binary', maxLength: 8 }),
    );
    const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));
    const finish = fc.constantFrom('stop', 'length', 'content_filter', 'other');
    const script = fc.constantFrom('han', 'latin', 'other', undefined);
    fc.assert(
      fc.property(text, fc.array(text, { maxLength: 3 }), finish, script, (given, earlier, finishReason, expected) => {
        const refusal = checkSection(answer(given, finishReason), { planned: 20, earlier, expected, checks: ALL });
        if (refusal) expect(refusal.detail).toMatch(DETAIL);
      }),
      { numRuns: 500 },
    );
  });

  it('is checked in linear time', () => {
    const loops = [
      '-',
      ' ',
      '\n',
      '(',
      '*',
      '#',
      '1',
      ',000',
      '字',
      '字数：',
      'word count: ',
      'word count: 1 ',
      'note: ',
      '(1\n',
    ];
    const phrases = [
      'i am ',
      'sorry',
      'here is the next ',
      'paragraph 1:\n',
      'end of section ',
      'this section is ',
      'sure, here ',
      '**a',
      '“',
    ];
    const started = performance.now();
    for (const loop of [...loops, ...phrases])
      for (const start of ['', 'Main Point: ', 'It began. ('])
        checkSection(answer(start + loop.repeat(10_000)), {
          planned: 9,
          earlier: [],
          expected: 'latin',
          checks: { ...ALL, maxRepeated: 0.99999 },
        });
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
