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
  const { grams, total } = gramsOf(text, n);
  return total === 0 ? 0 : 1 - grams.size / total;
}

/** Share of a text's n-grams of tokens that stand in a source, 0 to 1; 0 where either has no n tokens. */
export function copiedShare(text: string, source: string, n: number): number {
  const known = gramsOf(source, n).grams;
  const { grams, total } = gramsOf(text, n);
  let copied = 0;
  for (const [gram, times] of grams) if (known.has(gram)) copied += times;
  return total === 0 ? 0 : copied / total;
}

/** How often each n-gram occurs, and how many there are. */
function gramsOf(text: string, n: number): { grams: ReadonlyMap<string, number>; total: number } {
  const tokens = tokensOf(text);
  const grams = new Map<string, number>();
  const total = Math.max(0, tokens.length - n + 1);
  for (let start = 0; start < total; start++) {
    const gram = tokens.slice(start, start + n).join(' ');
    grams.set(gram, (grams.get(gram) ?? 0) + 1);
  }
  return { grams, total };
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
