import { describe, expect, it } from 'vitest';
import { isTruncated } from '../../../domain/truncation.ts';

describe('isTruncated', () => {
  it.each([
    'He closed the door behind him, and the long winter of the valley was',
    'There were three reasons for it,',
    'The report (see the third appendix of the',
    '他关上了门，山谷里漫长的冬天就这样',
    '原因有三个，',
    'A first part.\n\nThe second part began on a wet morning in the harbour town, when the',
  ])('is true of a text that ends in mid-sentence: %s', (text) => {
    expect(isTruncated(text)).toBe(true);
  });

  it.each([
    'And so it ended.',
    '“And so it ended.”',
    'And so it ended.**',
    '事情就这样结束了。',
    '“就这样结束了。”',
    'It was over.\n\nThe End',
    'Yours faithfully,\nThe Mayor of the Town',
    'Things to bring:\n- a coat\n- a lamp',
    '全文完',
    'See you there! 🎉',
    'It was over.\n\n---',
    '| a | b |\n| 1 | 2 |',
    '',
    '   ',
  ])('is false of a text that has an end: %s', (text) => {
    expect(isTruncated(text)).toBe(false);
  });

  it('takes no time over hostile ends', () => {
    for (const text of [' *'.repeat(200_000), '-'.repeat(200_000), 'a '.repeat(200_000), '('.repeat(200_000)]) {
      const start = performance.now();
      isTruncated(text);
      expect(performance.now() - start).toBeLessThan(500);
    }
  });
});
