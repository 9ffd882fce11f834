import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eachGram, eachToken, gramHashes, tokensOf } from '../../../domain/tokens.ts';

/** What a token is, said a second time, and slowly. */
const SPACELESS = String.raw`\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}`;
const TOKEN = new RegExp(
  String.raw`([-=_*.…~#·─━═—])\1+|[${SPACELESS}]|(?:(?![${SPACELESS}])[\p{L}\p{M}\p{N}])+|\S`,
  'gu',
);

const anyText = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        'a',
        'Straße',
        'ΟΔΟΣ',
        ' ',
        '水',
        '𠮷',
        '𝐀',
        '😀',
        '\ud83d',
        '---',
        '_',
        '|',
        '.',
        'e\u0301',
        '\n',
      ),
      fc.string({ unit: 'binary' }),
    ),
  )
  .map((all) => all.join(''));

describe('tokensOf', () => {
  it('takes Chinese characters, words and marks one by one, whatever their case', () => {
    expect(tokensOf('The café, 2024：水 H2O!')).toEqual(['the', 'café', ',', '2024', '：', '水', 'h2o', '!']);
  });

  it('takes a rule for one token', () => {
    expect(tokensOf('--- a__b ==- …')).toEqual(['---', 'a', '__', 'b', '==', '-', '…']);
  });

  it('reads any text as the regular expression of a token does', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(tokensOf(text)).toEqual((text.match(TOKEN) ?? []).map((token) => token.toLowerCase()));
      }),
    );
  });
});

describe('eachToken', () => {
  const hashesOf = (text: string): number[] => {
    const hashes: number[] = [];
    eachToken(text, (hash) => hashes.push(hash));
    return hashes;
  };

  it('gives equal numbers for what differs in case alone, and else others', () => {
    expect(hashesOf('ΟΔΟΣ Été 𐐀')).toEqual(hashesOf('οδος été 𐐨'));
    expect(new Set(hashesOf('a b ab ba 水 火 - -- 😀 😁 𠮷 𠮸')).size).toBe(12);
  });

  it('says which tokens are marks', () => {
    const marks: string[] = [];
    const text = 'Ab, 12 — “水” 😀 ---';
    eachToken(text, (_hash, start, end, isMark) => isMark && marks.push(text.slice(start, end)));
    expect(marks).toEqual([',', '—', '“', '”', '😀', '---']);
  });
});

describe('eachGram', () => {
  const gramsOf = (text: string, n: number): string[] => {
    const grams: string[] = [];
    expect(eachGram(text, n, (low, high) => grams.push(`${low} ${high}`))).toBe(tokensOf(text).length);
    return grams;
  };

  it('visits equal grams as equal numbers wherever they stand, and others as others', () => {
    const grams = gramsOf('x a b c y a b c', 3);
    expect(grams).toHaveLength(6);
    expect(grams[1]).toBe(grams[5]);
    expect(new Set(grams).size).toBe(5);
    expect(gramsOf('a b c', 3)[0]).not.toBe(gramsOf('c b a', 3)[0]);
  });

  it('visits nothing where there are fewer tokens', () => {
    expect(gramsOf('a b', 3)).toEqual([]);
    expect(gramsOf('', 1)).toEqual([]);
  });
});

describe('gramHashes', () => {
  it('gives what eachGram does', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 1, max: 6 }), (text, n) => {
        const hashes: number[] = [];
        eachToken(text, (hash) => hashes.push(hash));
        const lows: number[] = [];
        eachGram(text, n, (low) => lows.push(low));
        expect([...gramHashes(hashes, n)]).toEqual(lows);
      }),
    );
  });
});
