import { describe, expect, it } from 'vitest';
import { countBy } from '../../../domain/count-by.ts';
import { filterSample } from '../../../domain/filter.ts';

describe('filterSample', () => {
  const settings = { minWords: 2000, minLengthScore: 80 };

  it('rejects a text below the least words, whatever was required', () => {
    expect(filterSample(1999, undefined, settings)).toBe('too-short');
    expect(filterSample(1999, 1999, settings)).toBe('too-short');
  });

  it('rejects a text that misses its required length by the score, too short or too long', () => {
    expect(filterSample(2000, 3000, settings)).toBe('length-score');
    expect(filterSample(4801, 3000, settings)).toBe('length-score');
  });

  it('keeps a text at its limits', () => {
    expect(filterSample(2000, undefined, settings)).toBeUndefined();
    expect(filterSample(4800, 3000, settings)).toBeUndefined();
  });

  it('asks nothing of the length where the score is off', () => {
    expect(filterSample(2000, 50_000, { minWords: 2000, minLengthScore: 0 })).toBeUndefined();
  });
});

describe('countBy', () => {
  it('counts each value, in order of the alphabet', () => {
    expect(Object.entries(countBy(['too-short', 'plan-words', 'too-short']))).toEqual([
      ['plan-words', 1],
      ['too-short', 2],
    ]);
  });

  it('counts values that every object has a field for', () => {
    expect(Object.entries(countBy(['constructor', '__proto__', 'constructor']))).toEqual([
      ['__proto__', 1],
      ['constructor', 2],
    ]);
  });
});
