import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkSection, cleanSection, joinSections, stripThinking } from '../../../domain/response.ts';

const answer = (text: string, finishReason = 'stop') => ({
  text,
  finishReason,
  usage: { promptTokens: 0, cachedTokens: 0, completionTokens: 0 },
});

describe('joinSections', () => {
  it('puts a blank line between sections and leaves the paper’s identifiers out, in English and Chinese', () => {
    expect(joinSections(['Paragraph 1: It began.\n', '\n第二段：后来。', '**Section 3**\n\nIt ended.'])).toBe(
      'It began.\n\n后来。\n\nIt ended.',
    );
  });
});

describe('cleanSection', () => {
  it.each([
    ['Paragraph 3: The text', 'The text'],
    ['paragraph 3 - The text', 'The text'],
    ['Paragraph 3. The text', 'The text'],
    ['**Paragraph 3:** The text', 'The text'],
    ['**Paragraph 3**: The text', 'The text'],
    ['**Paragraph 3: A title**\n\nThe text', '**A title**\n\nThe text'],
    ['Paragraph 3: **Bold** text', '**Bold** text'],
    ['### Section 12\nThe text', 'The text'],
    ['Part 2 — The text', 'The text'],
    ['Paragraph 1: 2020 was a year', '2020 was a year'],
    ['第一段：正文', '正文'],
    ['第十二段\n正文', '正文'],
    ['第 3 节、正文', '正文'],
    ['**第二段：** 正文', '正文'],
    ['Paragraph 3', ''],
  ])('takes the identifier from %j', (text, cleaned) => {
    expect(cleanSection(text)).toBe(cleaned);
  });

  it.each([
    'Section 3.2 grows from here.',
    'Section 3.2: growth',
    'Paragraph 3-5 explain it.',
    'Part 2 of the plan was late.',
    'Section 8 housing was new.',
    '第一章：正文',
    '第二段旅程开始了。',
    '**Bold** start',
    '# A heading\n\nThe text',
    'In paragraph 3: nothing',
  ])('leaves %j as it is', (text) => {
    expect(cleanSection(text)).toBe(text);
  });

  it('never throws, adds nothing, and trims', () => {
    const piece = fc.oneof(
      fc.constantFrom('Paragraph 1', '第一段', '**', '：', ':', '\n', ' ', '#', '_', 'text'),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 10 }), (pieces) => {
        const cleaned = cleanSection(pieces.join(''));
        expect(cleaned.length).toBeLessThanOrEqual(pieces.join('').length);
        expect(cleaned).toBe(cleaned.trim());
      }),
    );
  });
});

describe('checkSection', () => {
  it.each([
    ['an empty answer', answer(' \n '), 'section-empty'],
    ['an answer that is only an identifier', answer('**Paragraph 3**\n'), 'section-empty'],
    ['an answer cut at the token limit', answer('It began', 'length'), 'section-truncated'],
    ['an answer that the provider’s filter cut', answer('It began', 'content_filter'), 'section-refusal'],
    ['an English refusal', answer("I'm sorry, but I can't help with that."), 'section-refusal'],
    ['a refusal with a typographic apostrophe', answer('I’m sorry, but no.'), 'section-refusal'],
    ['a refusal by what it is', answer('**As an AI** language model, I do not write this.'), 'section-refusal'],
    ['a Chinese refusal', answer('抱歉，我无法完成这个请求。'), 'section-refusal'],
    ['a refusal after an identifier', answer('Paragraph 2: I cannot assist with this.'), 'section-refusal'],
  ])('rejects %s', (_, given, reason) => {
    expect(checkSection(given)).toBe(reason);
  });

  it.each([
    ['a text', 'It began in the winter.'],
    ['a Chinese text in which somebody says sorry', '他低下头，说了一声抱歉，然后离开了那座城市。对不起，他又说。'],
    ['a story that begins with an apology', '"Sorry," she said, and closed the door.'],
    ['a narrator who cannot help but wonder', 'I can’t help but wonder what the sea would say.'],
    ['a long text that begins with an apology', `I'm sorry, the letter began. ${'It went on for pages. '.repeat(40)}`],
  ])('accepts %s', (_, text) => {
    expect(checkSection(answer(text))).toBeUndefined();
  });
});

describe('stripThinking', () => {
  it('drops the thinking before an answer, and only that', () => {
    expect(stripThinking('\n<think>Let me\nsee.</think>\n\nThe text <think>stays</think>')).toBe(
      'The text <think>stays</think>',
    );
  });
});
