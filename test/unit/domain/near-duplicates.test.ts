import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { candidateChance, rowsFor } from '../../../domain/minhash.ts';
import { nearDuplicates, type NearDuplicates } from '../../../domain/near-duplicates.ts';
import { drawWords, edited, randomFrom } from './texts.ts';

const settings = { threshold: 0.8, gramTokens: 5 };

/** Jaccard similarity of the sets of 5-grams of words, exactly. */
function similarity(one: readonly string[], other: readonly string[]): number {
  const [left, right] = [one, other].map(
    (words) => new Set(words.slice(4).map((_, index) => words.slice(index, index + 5).join(' '))),
  );
  const both = [...left!].filter((gram) => right!.has(gram)).length;
  return both / (left!.size + right!.size - both);
}

describe('nearDuplicates', () => {
  it('finds what is alike above the threshold, with its similarity, and not what is below', () => {
    const random = randomFrom(1);
    for (const words of [40, 200, 1000, 5000]) {
      for (const share of [0, 0.005, 0.01, 0.04, 0.1, 1]) {
        const near = nearDuplicates(settings);
        const text = drawWords(words, random);
        const other = edited(text, share, random);
        const exact = similarity(text, other);
        expect(near.add('first', text.join(' '))).toBeUndefined();
        const found = near.add('second', other.join(' '));
        if (exact > 0.88) {
          expect(found?.id).toBe('first');
          expect(Math.abs(found!.similarity - exact)).toBeLessThan(0.08);
        } else if (exact < 0.72) expect(found).toBeUndefined();
      }
    }
  });

  it('finds nearly all of what is a little above other thresholds, and estimates it without a bias', () => {
    const random = randomFrom(2);
    for (const threshold of [0.4, 0.6, 0.9]) {
      const near = nearDuplicates({ threshold, gramTokens: 1 });
      // Of two sets of 300 words, so many in common make the similarity that is wanted.
      const wanted = threshold + 0.08;
      const common = Math.round((600 * wanted) / (1 + wanted));
      const found: number[] = [];
      for (let trial = 0; trial < 100; trial++) {
        const words = Array.from({ length: 300 }, (_, index) => `t${trial}w${index}`);
        const other = words.map((word, index) => (index < common ? word : `new${random()}`.replace('.', '')));
        near.add(`${trial}`, words.join(' '));
        const duplicate = near.add('again', other.join(' '));
        if (duplicate?.id === `${trial}`) found.push(duplicate.similarity);
      }
      expect(found.length).toBeGreaterThanOrEqual(98);
      const mean = found.reduce((sum, each) => sum + each) / found.length;
      expect(Math.abs(mean - common / (600 - common))).toBeLessThan(0.015);
    }
  });

  it('always finds a copy, whatever its case and white space, and names the earliest kept', () => {
    const random = randomFrom(3);
    const near = nearDuplicates({ threshold: 1, gramTokens: 5 });
    const texts = Array.from({ length: 1200 }, () => drawWords(3 + Math.floor(40 * random()), random).join(' '));
    for (const [index, text] of texts.entries()) expect(near.add(`id-${index}`, text)).toBeUndefined();
    for (const [index, text] of texts.entries())
      expect(near.add('copy', text.toUpperCase().replaceAll(' ', '\n '))).toEqual({ id: `id-${index}`, similarity: 1 });
  });

  it('names the earliest of several that are near, however many came between', () => {
    const random = randomFrom(4);
    const between = (near: NearDuplicates, count: number): void => {
      for (let index = 0; index < count; index++) near.add(`between-${index}`, drawWords(30, random).join(' '));
    };
    for (const count of [0, 1, 2, 3, 4, 5, 6, 7, 2000]) {
      // Two are 0.67 like each other, and what stands between them is 0.82 like both.
      const near = nearDuplicates({ threshold: 0.75, gramTokens: 1 });
      const words = Array.from({ length: 1000 }, (_, index) => `c${count}w${index}`);
      const one = words.map((word, index) => (index < 100 ? `a${word}` : word));
      const other = words.map((word, index) => (index >= 900 ? `b${word}` : word));
      between(near, 500);
      expect(near.add('one', one.join(' '))).toBeUndefined();
      between(near, count);
      expect(near.add('other', other.join(' '))).toBeUndefined();
      between(near, count);
      expect(near.add('words', words.join(' '))?.id).toBe('one');
      expect(near.add('another', other.join(' '))?.id).toBe('other');
    }
  });

  it('remembers no near-duplicate: what is only near to it is kept', () => {
    const near = nearDuplicates({ threshold: 0.75, gramTokens: 1 });
    const words = (from: number): string => Array.from({ length: 1000 }, (_, index) => `w${from + index}`).join(' ');
    expect(near.add('first', words(0))).toBeUndefined();
    expect(near.add('second', words(100))?.id).toBe('first');
    expect(near.add('third', words(200))).toBeUndefined();
  });

  it('compares Chinese by its characters', () => {
    const random = randomFrom(5);
    const characters = Array.from({ length: 2000 }, () => String.fromCodePoint(0x4e00 + Math.floor(3000 * random())));
    const changed = characters.map((character) => (random() < 0.01 ? '䀀' : character));
    const near = nearDuplicates(settings);
    expect(near.add('first', characters.join(''))).toBeUndefined();
    expect(near.add('second', changed.join(''))?.id).toBe('first');
    expect(near.add('third', characters.toReversed().join(''))).toBeUndefined();
  });

  it('takes texts of fewer tokens than a gram for near only where all tokens are equal, empty ones too', () => {
    const near = nearDuplicates(settings);
    const texts = ['', 'a', 'b', 'a b', 'b a', 'a b c', 'a b c d', '水', '水水', '水水水水'];
    for (const text of texts) expect(near.add(`[${text}]`, text)).toBeUndefined();
    for (const text of texts) expect(near.add('again', ` ${text}\n`)).toEqual({ id: `[${text}]`, similarity: 1 });
  });

  it('calls two texts near whichever comes first', () => {
    const text = fc
      .array(fc.constantFrom('a', 'b', 'c', 'd', '水', 'e'), { maxLength: 30 })
      .map((all) => all.join(' '));
    fc.assert(
      fc.property(text, text, fc.constantFrom(0.3, 0.6, 0.9), (one, other, threshold) => {
        const both = [
          [one, other],
          [other, one],
        ].map(([first, second]) => {
          const near = nearDuplicates({ threshold, gramTokens: 2 });
          near.add('first', first!);
          return near.add('second', second!);
        });
        expect(both[0]).toEqual(both[1]);
      }),
    );
  });

  it('never throws, keeps any id, and is no surer than 1', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }))),
        fc.integer({ min: 1, max: 7 }),
        (texts, gramTokens) => {
          const near = nearDuplicates({ threshold: 0.5, gramTokens });
          const ids = new Set<string>();
          for (const [id, text] of texts) {
            const found = near.add(id, text);
            if (found) {
              expect(ids).toContain(found.id);
              expect(found.similarity).toBeGreaterThanOrEqual(0.5);
              expect(found.similarity).toBeLessThanOrEqual(1);
            } else ids.add(id);
            expect(near.add('again', text)?.similarity).toBe(1);
          }
        },
      ),
    );
  });

  it('remembers a text in 300 bytes', () => {
    const near = nearDuplicates(settings);
    expect(near.sizeBytes()).toBe(0);
    // As many as fill its first block.
    const count = 1024;
    for (let index = 0; index < count; index++) near.add(index.toString(16).padStart(16, '0'), `text number ${index}`);
    expect(near.sizeBytes() / count).toBeLessThan(300);
    near.add('one more', 'a text that needs a second block');
    expect(near.sizeBytes() / (3 * count)).toBeLessThan(300);
  });

  it('refuses settings that mean nothing', () => {
    for (const threshold of [0, -1, 1.1, Number.NaN])
      expect(() => nearDuplicates({ ...settings, threshold })).toThrow(/threshold/);
    for (const gramTokens of [0, 1.5]) expect(() => nearDuplicates({ ...settings, gramTokens })).toThrow(/gramTokens/);
  });
});

describe('rowsFor', () => {
  it('makes candidates of nearly all that is at the threshold, and of little that is far below', () => {
    for (const threshold of [0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1]) {
      expect(candidateChance(threshold, rowsFor(threshold))).toBeGreaterThanOrEqual(0.995);
      expect(candidateChance(threshold / 4, rowsFor(threshold))).toBeLessThan(0.4);
    }
    expect([0.3, 0.5, 0.6, 0.7, 0.8, 0.9].map(rowsFor)).toEqual([1, 2, 3, 5, 8, 17]);
  });
});
