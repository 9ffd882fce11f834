// A character of a script without spaces is a token of its own: a text of 200,000 of them is no single word.
const SPACELESS = String.raw`\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}`;
// A rule or a blank to fill in is one token, however long, and repeats nothing.
const RULE = String.raw`[-=_*.…~#·─━═—]`;
const TOKEN = new RegExp(String.raw`(${RULE})\1+|[${SPACELESS}]|(?:(?![${SPACELESS}])[\p{L}\p{M}\p{N}])+|\S`, 'gu');
const RULE_OR_CELL = new RegExp(String.raw`^(?:${RULE}|[|+])`, 'u');

/**
 * What a text is made of, in lower case: Chinese and Japanese characters, runs of letters and digits, rules such as `---`,
 * and single other marks.
 */
export function tokensOf(text: string): string[] {
  return text.toLowerCase().match(TOKEN) ?? [];
}

/** Share of a text's n-grams of tokens that stood in it before, 0 to 1; 0 where it has no n tokens. */
export function repeatedShare(text: string, n: number): number {
  const grams = gramsOf(text, n);
  return grams.length === 0 ? 0 : 1 - new Set(grams).size / grams.length;
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

/**
 * A text's n-grams of tokens, each as a number of 52 bits that its tokens decide: as good as the words themselves, and many
 * times faster.
 */
function gramsOf(text: string, n: number): number[] {
  const tokens = tokensOf(text).map(hashOf);
  const grams: number[] = [];
  for (let start = 0; start + n <= tokens.length; start++) {
    let low = 0;
    let high = 0;
    for (let index = start; index < start + n; index++) {
      low = (Math.imul(low, 0x01000193) + tokens[index]!) | 0;
      high = (Math.imul(high, 0x85ebca6b) ^ tokens[index]!) | 0;
    }
    grams.push((high & 0xfffff) * 2 ** 32 + (low >>> 0));
  }
  return grams;
}

/** 32 bits that a token decides (FNV-1a over its UTF-16 units). */
function hashOf(token: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < token.length; index++) hash = Math.imul(hash ^ token.charCodeAt(index), 0x01000193);
  return hash | 0;
}

/** The most times that one token, other than a mark of rules and tables, stands in a row. */
export function longestRun(text: string): number {
  let longest = 0;
  let run = 0;
  let last: string | undefined;
  for (const token of tokensOf(text)) {
    run = token === last ? run + 1 : 1;
    last = token;
    if (run > longest && !RULE_OR_CELL.test(token)) longest = run;
  }
  return longest;
}
