import fc from 'fast-check';
import { expect, it } from 'vitest';
import { packedStrings } from '../../../domain/packed-strings.ts';

it('gives back any strings, however long, as they were', () => {
  const strings = fc.array(fc.string({ unit: 'binary', maxLength: 100, size: 'max' }), { maxLength: 30 });
  fc.assert(
    fc.property(strings, (all) => {
      const packed = packedStrings(all.length);
      for (const text of [...all]) packed.push(text);
      expect(packed.size()).toBe(all.length);
      expect(all.map((_, index) => packed.at(index))).toEqual(all);
    }),
  );
});

it('takes 24 bytes for an id of 16 hex characters', () => {
  const packed = packedStrings(1000);
  for (let index = 0; index < 1000; index++) packed.push(index.toString(16).padStart(16, '0'));
  expect(packed.sizeBytes()).toBe(24_000);
});
