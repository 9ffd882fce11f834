import { eachGram, eachToken } from './tokens.ts';

// Rules, blanks to fill in and the cells of tables repeat for good reasons.
const RULE_OR_CELL = /[-=_*.…~#·─━═—|+]/u;

/** Share of a text's n-grams of tokens that stood in it before, 0 to 1; 0 where it has no n tokens. */
export function repeatedShare(text: string, n: number): number {
  const grams = gramsOf(text, n);
  return grams.length === 0 ? 0 : 1 - countDistinct(grams) / grams.length;
}

/** Share of a text's n-grams of tokens that stand in a source, 0 to 1; 0 where either has no n tokens. */
export function copiedShare(text: string, source: string, n: number): number {
  return copiedFrom(text, n)(source);
}

/** The share of a text that is copied from a source, for several sources: the text is read once. */
export function copiedFrom(text: string, n: number): (source: string) => number {
  const grams = gramsOf(text, n);
  const times = new Map<number, number>();
  for (const gram of grams) times.set(gram, (times.get(gram) ?? 0) + 1);
  return (source) => {
    const found = new Set(gramsOf(source, n).filter((gram) => times.has(gram)));
    let copied = 0;
    for (const gram of found) copied += times.get(gram)!;
    return grams.length === 0 ? 0 : copied / grams.length;
  };
}

/** How many different numbers of 0 or more there are; many times faster than a Set, which keeps their order. */
function countDistinct(numbers: readonly number[]): number {
  const slots = 2 ** Math.ceil(Math.log2(2 * numbers.length));
  const table = new Float64Array(slots).fill(-1);
  let distinct = 0;
  for (const number of numbers) {
    let slot = (number >>> 0) & (slots - 1);
    while (table[slot] !== -1 && table[slot] !== number) slot = (slot + 1) & (slots - 1);
    if (table[slot] === number) continue;
    table[slot] = number;
    distinct++;
  }
  return distinct;
}

/** A text's n-grams of tokens, each as a number of 52 bits. */
function gramsOf(text: string, n: number): number[] {
  const grams: number[] = [];
  eachGram(text, n, (low, high) => grams.push((high & 0xfffff) * 2 ** 32 + (low >>> 0)));
  return grams;
}

/** Times that one token, or one letter of a word, may stand in a row: longer than any laughter or row of marks in prose. */
export const LONGEST_RUN = 24;
const LONG_WORD = /(\p{L})\1{24}/u;

/** Whether one token, or one letter within a word, stands more than {@link LONGEST_RUN} times in a row. */
export function isStuck(text: string): boolean {
  return LONG_WORD.test(text) || longestRun(text) > LONGEST_RUN;
}

/** The most times that one token, other than a mark of rules and tables, stands in a row. */
export function longestRun(text: string): number {
  let longest = 0;
  let run = 0;
  let last: number | undefined;
  eachToken(text, (hash, start) => {
    run = hash === last ? run + 1 : 1;
    last = hash;
    if (run > longest && !RULE_OR_CELL.test(text[start]!)) longest = run;
  });
  return longest;
}
