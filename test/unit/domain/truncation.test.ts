import { describe, expect, it } from 'vitest';
import { isTruncated } from '../../../domain/truncation.ts';

const PROSE = 'The river rose in the night. By morning the lower fields were a lake.\n\nNobody had slept.\n\n';
const HAN = '夜里河水上涨了。到了早晨，低处的田地已经成了一片湖泊。\n\n没有人睡着。\n\n';

describe('isTruncated', () => {
  it.each([
    'He closed the door behind him, and the long winter of the valley was',
    'There were three good reasons for what he did that night,',
    'The report of the county engineers (see the third appendix of the',
    '**The second part** began on a wet morning in the harbour town, when the',
    HAN + '他关上了门，山谷里漫长的冬天就这样',
    HAN + '他这样做有三个很好的原因，第一个原因是，',
  ])('is true of prose that ends in mid-sentence: %s', (end) => {
    expect(isTruncated(end.startsWith(HAN) ? end : PROSE + end)).toBe(true);
  });

  it.each([
    'And so it ended.',
    '“And so it ended.”',
    'And so it ended.**',
    'The End',
    'Yours faithfully,\nThe Mayor of the Town',
    'With love and endless gratitude,',
    'Things to bring:\n- a coat\n- a lamp that burns for the whole of a winter night without oil',
    '3. Increase employee engagement through regular feedback sessions with all managers',
    '| Total marketing expenditure of the first year | about twelve million dollars |',
    'Further reading can be found for free at https://example.org/the/river/and/the/night',
    'For questions about this report write to the office at river@example.org',
    'Follow the river with us on all of the channels that you know #river #night',
    '**The End of the First Book of the Chronicles of the River and the Night**',
    '© 2024 the people of the lower fields and of the town by the river',
    'She turned to the window and said that she would never, never have thought—',
    'See you there, at the bridge, when the water is down again! 🎉',
    'It was over.\n\n---',
    '',
    '   ',
  ])('is false of a text that has an end: %s', (end) => {
    expect(isTruncated(PROSE + end)).toBe(false);
  });

  it.each([
    '事情就这样结束了。',
    '“就这样结束了。”',
    '全文完',
    '某某市人民政府办公室',
    '二〇二四年三月十五日',
    '五、加强安全生产管理，落实责任制',
    '——谨以此文献给所有在洪水中失去家园的人们',
    '他猛然回头——',
  ])('is false of a Chinese text that has an end: %s', (end) => {
    expect(isTruncated(HAN + end)).toBe(false);
  });

  it('is false of verse, whose lines end without a mark', () => {
    const verse = 'The river came to us by night and took the fields away\n'.repeat(8);
    expect(isTruncated(verse)).toBe(false);
  });

  it('takes no time over hostile ends', () => {
    for (const text of [
      ' *'.repeat(200_000),
      '-'.repeat(200_000),
      'a '.repeat(200_000),
      '('.repeat(200_000),
      '*a'.repeat(200_000),
      'a\n'.repeat(200_000),
    ]) {
      const start = performance.now();
      isTruncated(text);
      expect(performance.now() - start).toBeLessThan(500);
    }
  });
});
