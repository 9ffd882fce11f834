import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cleanSection, joinSections, stripThinking } from '../../../domain/response.ts';

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
    ['**Paragraph 3', ''],
    ['Paragraph Three: The text', 'The text'],
    ['Section Twenty-One – The text', 'The text'],
    ['Paragraph 3 of 12: The text', 'The text'],
    ['**Paragraph 3**\nThe text', 'The text'],
    ['[Paragraph 3] The text', 'The text'],
    ['Paragraph 3:\r\n\r\nThe text', 'The text'],
    ['### Section 3\n- The list', '- The list'],
    ['### Section 3\n\n**Paragraph 3:** The text', 'The text'],
    ['### Paragraph 3: A title\n\nThe text', '### A title\n\nThe text'],
    ['## **Section 3: A title**\n\nThe text', '## **A title**\n\nThe text'],
    ['【第三段】正文', '正文'],
    ['**【第三段】**\n正文', '正文'],
    ['第三部分\n正文', '正文'],
    ['## 第三部分：标题\n正文', '## 标题\n正文'],
    ['段落三：正文', '正文'],
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
    'Section one was quiet.',
    '(Section 8) housing was new.',
    'Part One: The arrival\n\nThe text',
    '第三部分市场在北方。',
    'Paragraphs: how to write them',
  ])('leaves %j as it is', (text) => {
    expect(cleanSection(text)).toBe(text);
  });

  it('never throws, adds nothing, trims, and leaves what it cleaned as it is', () => {
    const piece = fc.oneof(
      fc.constantFrom('Paragraph 1', 'Section Two', '第一段', '【', '】', '[', ']', '**', '：', ':', '.', '\n', '\r\n'),
      fc.constantFrom(' ', '#', '## ', '_', '-', 'text', '3', 'of 4'),
      fc.string({ unit: 'binary', maxLength: 4 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join('');
        const cleaned = cleanSection(text);
        expect(cleaned.length).toBeLessThanOrEqual(text.length);
        expect(cleaned).toBe(cleaned.trim());
        expect(cleanSection(cleaned)).toBe(cleaned);
      }),
      { numRuns: 500 },
    );
  });

  it('is done at once with the identifiers of a model that loops', () => {
    const started = performance.now();
    for (const loop of [
      'Paragraph 1:',
      '**Paragraph 1:',
      '# Paragraph 1: ',
      '【第一段】',
      '**',
      '#',
      ' ',
      '\n',
      'paragraph ',
      '第',
    ])
      for (const end of ['', 'x']) cleanSection(loop.repeat(20_000) + end);
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

describe('stripThinking', () => {
  it('drops the thinking before an answer, and only that', () => {
    expect(stripThinking('\n<think>Let me\nsee.</think>\n\nThe text <think>stays</think>')).toBe(
      'The text <think>stays</think>',
    );
  });
});
