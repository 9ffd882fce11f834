import { describe, expect, it } from 'vitest';
import { filterText, isFilterReason, type FilteredText, type FilterSettings } from '../../../domain/filter.ts';
import { RejectionReason } from '../../../domain/schemas/sample.ts';

const OFF: FilterSettings = {
  minWords: 0,
  minLengthScore: 0,
  requireLength: false,
  refusals: false,
  truncated: false,
  leaks: false,
};
const PROSE = 'The river rose in the night, and by morning the lower fields were a lake.';
const text = (more: Partial<FilteredText> = {}): FilteredText => ({
  instruction: 'Write a long report about a river that rose in the night.',
  text: PROSE,
  words: 3000,
  required: 3000,
  measures: { compressionRatio: 2.5, repeated: 0.05 },
  ...more,
});

describe('filterText', () => {
  it.each<[string, Partial<FilterSettings>, Partial<FilteredText>, Partial<FilteredText>]>([
    ['too-short', { minWords: 2000 }, { words: 2000 }, { words: 1999 }],
    ['length-score', { minLengthScore: 80 }, { words: 4800 }, { words: 4801 }],
    ['length-score', { minLengthScore: 80 }, { words: 2143 }, { words: 2142 }],
    ['no-length', { requireLength: true }, {}, { required: undefined }],
    [
      'refusal',
      { refusals: true },
      { words: 120 },
      { words: 9, text: "I'm sorry, I can't help with that request today." },
    ],
    ['truncated', { truncated: true }, {}, { text: `${PROSE} And when the boats had come at last, the people of the` }],
    [
      'compression',
      { maxCompressionRatio: 4 },
      { measures: { compressionRatio: 4, repeated: 0 } },
      { measures: { compressionRatio: 4.01, repeated: 0 } },
    ],
    [
      'repetition',
      { maxRepeated: 0.2 },
      { measures: { compressionRatio: 1, repeated: 0.2 } },
      { measures: { compressionRatio: 1, repeated: 0.21 } },
    ],
    [
      'language-mixture',
      { maxForeign: 0.3 },
      { text: `${PROSE} 洪水` },
      { text: `${PROSE} 夜里河水上涨，到了早晨，低处的田地已经成了一片湖泊，村民们站在高处看着。` },
    ],
    ['leak', { leaks: true }, {}, { text: `${PROSE}\n\n(Word count: 240)\n\n${PROSE}` }],
  ])(
    '%s: keeps what is just within, leaves out what is just past, and lets everything through when off',
    (reason, on, within, past) => {
      expect(filterText(text(within), { ...OFF, ...on })).toBeUndefined();
      expect(filterText(text(past), { ...OFF, ...on })?.reason).toBe(reason);
      expect(filterText(text(past), OFF)).toBeUndefined();
    },
  );

  it('gives one reason, the first in its order, with numbers and no text of the model', () => {
    const all: FilterSettings = { ...OFF, minWords: 2000, refusals: true, minLengthScore: 80, maxRepeated: 0 };
    const refusal = "I'm sorry, I can't help with that request today.";
    expect(filterText(text({ text: refusal, words: 9 }), all)).toEqual({
      reason: 'refusal',
      detail: 'begins as a refusal, 9 words',
    });
    expect(filterText(text({ words: 900 }), all)).toEqual({ reason: 'too-short', detail: '900 words, 2000 asked for' });
    expect(filterText(text({ words: 9000 }), all)?.detail).toBe('9000 words of 3000 required: S_l 33.3, 80 asked for');
  });

  it('tells its own reasons from those of answers that were refused while a text was written', () => {
    const draws = RejectionReason.options.filter((reason) => !isFilterReason(reason));
    expect(draws).toEqual([
      ...RejectionReason.options.filter((reason) => /^(plan|section|summary)-/.test(reason)),
      'failure-text',
    ]);
  });
});
