import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contaminationIndex, OVERLAP_TOKENS } from '../../../domain/contamination.ts';
import { eachToken, gramHashes } from '../../../domain/tokens.ts';
import { drawWords, randomFrom } from './texts.ts';

const PROMPT =
  'Write a 3000-word essay on the history of the lighthouse, from Alexandria to the automated lamps of today.';
const CHINESE = '请写一篇三千字的文章，介绍灯塔的历史以及它对航海的影响。';
const passages = [
  { source: 'bench 1', text: PROMPT },
  { source: 'bench 2', text: CHINESE },
  { source: 'bench 3', text: 'Tell me about the old harbour of Genoa' },
  { source: 'bench 4', text: 'Write a poem' },
];
const index = contaminationIndex(passages, OVERLAP_TOKENS);

describe('contaminationIndex', () => {
  it('finds a passage within a text, whatever the punctuation, case and white space', () => {
    const copied =
      'WRITE a “3000 word” essay\non the history — of the lighthouse: from Alexandria to the automated lamps';
    expect(index.find(`Sure! ${copied}, and so on.`)).toEqual({ source: 'bench 1', text: copied, tokens: 17 });
  });

  it('finds as many tokens as it is asked for, and not one fewer', () => {
    const words = PROMPT.match(/[A-Za-z0-9]+/g)!;
    expect(index.find(`x ${words.slice(2, 15).join(' ')} y`)).toMatchObject({ source: 'bench 1', tokens: 13 });
    expect(index.find(`x ${words.slice(2, 14).join(' ')} y`)).toBeUndefined();
    expect(contaminationIndex(passages, 12).find(`x ${words.slice(2, 14).join(' ')} y`)?.tokens).toBe(12);
  });

  it('takes Chinese characters for tokens', () => {
    expect(index.find('题目：介绍灯塔的历史，以及它对航海的影响')).toEqual({
      source: 'bench 2',
      text: '介绍灯塔的历史，以及它对航海的影响',
      tokens: 16,
    });
    expect(index.find('介绍灯塔的历史')).toBeUndefined();
  });

  it('finds a passage of fewer tokens where all of it stands there, if it has six', () => {
    expect(index.find('He said: tell me about the old harbour of Genoa, please.')).toMatchObject({
      source: 'bench 3',
      text: 'tell me about the old harbour of Genoa',
      tokens: 8,
    });
    expect(index.find('tell me about the old harbour of Venice')).toBeUndefined();
    expect(index.find('Write a poem')).toBeUndefined();
    const edge = contaminationIndex(
      [
        { source: 'five', text: 'a b c d e' },
        { source: 'six', text: 'f g h i j k' },
      ],
      OVERLAP_TOKENS,
    );
    expect(edge.find('a b c d e. F g h i j k.')).toEqual({ source: 'six', text: 'F g h i j k', tokens: 6 });
    expect(edge.find('a b c d e')).toBeUndefined();
  });

  it('names the longest overlap, cut to 200 characters', () => {
    const long = drawWords(100, randomFrom(1)).join(' ');
    const all = contaminationIndex([...passages, { source: 'long', text: `a ${long} b` }], OVERLAP_TOKENS);
    expect(all.find(`${PROMPT} ${long} ${CHINESE}`)).toEqual({ source: 'long', text: long.slice(0, 200), tokens: 100 });
  });

  it('names the longest overlap whether it is a whole short passage or part of a long one', () => {
    const text = `tell me about the old harbour of Genoa. ${PROMPT}`;
    for (const order of [passages, passages.toReversed()])
      expect(contaminationIndex(order, OVERLAP_TOKENS).find(text)).toMatchObject({ source: 'bench 1', tokens: 19 });
  });

  it('is not misled by grams of equal hashes', () => {
    const words = Array.from({ length: 600 }, (_, number) => `w${number}`);
    const hashes = words.map((word) => {
      let its = 0;
      eachToken(word, (hash) => (its = hash));
      return its;
    });
    const seen = new Map<number, string>();
    let equal: [string, string] | undefined;
    for (let first = 0; first < words.length && !equal; first++) {
      for (let second = 0; second < words.length; second++) {
        const gram = gramHashes([hashes[first]!, hashes[second]!], 2)[0]!;
        const text = `${words[first]} ${words[second]}`;
        if (seen.has(gram)) equal = [seen.get(gram)!, text];
        seen.set(gram, text);
      }
    }
    const [one, other] = equal!;
    const hostile = contaminationIndex([{ source: 'one', text: one }], 2);
    expect(hostile.find(one)?.tokens).toBe(2);
    expect(hostile.find(other)).toBeUndefined();
  });

  it('takes to a passage what stands before the gram that only it holds', () => {
    const words = drawWords(40, randomFrom(2));
    const two = [
      { source: 'first', text: words.slice(0, 20).join(' ') },
      { source: 'second', text: words.join(' ') },
    ];
    expect(contaminationIndex(two, 13).find(words.join(' '))).toMatchObject({ source: 'second', tokens: 40 });
  });

  it('agrees with a search of every stretch', () => {
    const letters = fc.array(fc.constantFrom('a', 'b', 'c', '水'), { maxLength: 24 });
    fc.assert(
      fc.property(fc.array(letters, { maxLength: 4 }), letters, fc.integer({ min: 1, max: 8 }), (all, text, n) => {
        const longest = longestByHand(all, text, n);
        const found = contaminationIndex(
          all.map((words, number) => ({ source: `${number}`, text: words.join(' ') })),
          n,
        ).find(text.join(' '));
        expect(found === undefined).toBe(longest === 0);
        if (!found) return;
        // Where grams stand in several passages the first is followed, so it may miss a longer one.
        expect(found.tokens).toBeGreaterThanOrEqual(Math.min(n, longest));
        expect(found.tokens).toBeLessThanOrEqual(longest);
        expect(` ${all[Number(found.source)]!.join(' ')} `).toContain(` ${found.text} `);
        expect(found.text.split(' ')).toHaveLength(found.tokens);
      }),
      { numRuns: 500 },
    );
  });

  it('never throws, and finds any text in itself', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        const found = contaminationIndex([{ source: 'it', text }], 3).find(text);
        if (found) expect(text).toContain(found.text);
      }),
    );
    expect(() => contaminationIndex([], 0)).toThrow(/gramTokens/);
  });

  it('takes well under a second for hostile texts', () => {
    const same = 'a '.repeat(100_000);
    const turns = 'a b '.repeat(50_000);
    const nearly = `${'a '.repeat(99)}b `.repeat(1000);
    const started = performance.now();
    const hostile = contaminationIndex(
      [same, turns, nearly, '水'.repeat(100_000)].map((text, number) => ({ source: `${number}`, text })),
      OVERLAP_TOKENS,
    );
    for (const text of [same, turns, nearly, '水'.repeat(200_000), '!'.repeat(200_000)]) hostile.find(text);
    expect(performance.now() - started).toBeLessThan(3000);
  });
});

/** Tokens of the longest stretch of a text that stands in a passage, of n or of a passage of 6 or more; 0 for none. */
function longestByHand(all: readonly (readonly string[])[], text: readonly string[], n: number): number {
  let longest = 0;
  for (const words of all) {
    const least = Math.min(n, words.length);
    if (least < n && least < 6) continue;
    for (let start = 0; start < text.length; start++)
      for (let end = start + Math.max(least, longest + 1); end <= text.length; end++)
        if (` ${words.join(' ')} `.includes(` ${text.slice(start, end).join(' ')} `)) longest = end - start;
  }
  return longest;
}
