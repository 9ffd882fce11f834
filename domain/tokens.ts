/** What a token is made of: white space parts tokens, marks and characters of scripts without spaces stand alone. */
const SPACE = 1;
const MARK = 2;
const WORD = 3;
// A character of a script without spaces is a token of its own: a text of 200,000 of them is no single word.
const SPACELESS = 4;
// A rule or a blank to fill in is one token, however long, and repeats nothing.
const RULE = 5;

const KINDS: readonly (readonly [number, RegExp])[] = [
  [SPACE, /\s/u],
  [RULE, /[-=_*.…~#·─━═—]/u],
  [SPACELESS, /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u],
  [WORD, /[\p{L}\p{M}\p{N}]/u],
];

// By code point its kind and its lower case, 0 where no text has had it yet. Only pages that are used take memory.
const KNOWN = new Int32Array(0x110000);
const POINT_BITS = 21;
const POINT = (1 << POINT_BITS) - 1;

const FNV_OFFSET = 0x811c9dc5 | 0;
const FNV_PRIME = 0x01000193;

/**
 * Visits a text's tokens in order: Chinese and Japanese characters, runs of letters and digits, rules such as `---`, and
 * single other marks, each as 32 bits that its lower case decides (FNV-1a over its code points) and as the stretch of the
 * text it is. No strings are made.
 * @param visit `isMark` says of a token that it holds neither letters nor digits
 */
export function eachToken(
  text: string,
  visit: (hash: number, start: number, end: number, isMark: boolean) => void,
): void {
  let start = 0;
  // The kind of the token that goes on, 0 where none does; of a rule, its character too.
  let open = 0;
  let rule = 0;
  let hash = FNV_OFFSET;
  for (let index = 0; index < text.length;) {
    const at = index;
    let point = text.charCodeAt(index++);
    if ((point & 0xfc00) === 0xd800) {
      const second = text.charCodeAt(index);
      if ((second & 0xfc00) === 0xdc00) {
        point = ((point & 0x3ff) << 10) + (second & 0x3ff) + 0x10000;
        index++;
      }
    }
    const known = KNOWN[point]! || learn(point);
    const kind = known >>> POINT_BITS;
    const lower = known & POINT;
    if (kind === open && (kind === WORD || lower === rule)) {
      hash = Math.imul(hash ^ lower, FNV_PRIME);
      continue;
    }
    if (open !== 0) visit(hash, start, at, open === RULE);
    open = 0;
    if (kind === SPACE) continue;
    hash = Math.imul(FNV_OFFSET ^ lower, FNV_PRIME);
    start = at;
    if (kind === WORD || kind === RULE) {
      open = kind;
      rule = lower;
    } else visit(hash, at, index, kind === MARK);
  }
  if (open !== 0) visit(hash, start, text.length, open === RULE);
}

function learn(point: number): number {
  const character = String.fromCodePoint(point);
  const kind = KINDS.find(([, expression]) => expression.test(character))?.[0] ?? MARK;
  // What ends a Greek word in lower case is one letter with what stands within it.
  const lower = character === 'ς' ? 'σ' : character.toLowerCase();
  return (KNOWN[point] = (kind << POINT_BITS) | lower.codePointAt(0)!);
}

/** A text's tokens in lower case. */
export function tokensOf(text: string): string[] {
  const tokens: string[] = [];
  eachToken(text, (_hash, start, end) => tokens.push(text.slice(start, end).toLowerCase()));
  return tokens;
}

const LOW_BASE = 0x2c1b3c6d;
const HIGH_BASE = 0x297a2d39;

/**
 * Visits a text's n-grams of tokens in order, each as two numbers of 32 bits that its tokens decide: as good as the words
 * themselves, and many times faster. The numbers are polynomials of the tokens, so whoever needs even bits mixes them.
 * @returns how many tokens the text has; with fewer than n nothing is visited
 */
export function eachGram(text: string, n: number, visit: (low: number, high: number) => void): number {
  const last = new Int32Array(n);
  const lowLeaves = power(LOW_BASE, n);
  const highLeaves = power(HIGH_BASE, n);
  let at = 0;
  let low = 0;
  let high = 0;
  let count = 0;
  eachToken(text, (hash) => {
    const leaving = last[at]!;
    last[at] = hash;
    at = at + 1 === n ? 0 : at + 1;
    low = (Math.imul(low, LOW_BASE) + hash - Math.imul(leaving, lowLeaves)) | 0;
    high = (Math.imul(high, HIGH_BASE) + hash - Math.imul(leaving, highLeaves)) | 0;
    if (++count >= n) visit(low, high);
  });
  return count;
}

/** The first number of {@link eachGram} for each n-gram of tokens whose hashes are at hand. */
export function gramHashes(hashes: readonly number[], n: number): Int32Array {
  const grams = new Int32Array(Math.max(0, hashes.length - n + 1));
  const leaves = power(LOW_BASE, n);
  let low = 0;
  for (let index = 0; index < hashes.length; index++) {
    low = (Math.imul(low, LOW_BASE) + hashes[index]!) | 0;
    if (index >= n) low = (low - Math.imul(hashes[index - n]!, leaves)) | 0;
    if (index >= n - 1) grams[index - n + 1] = low;
  }
  return grams;
}

function power(base: number, exponent: number): number {
  let result = 1;
  for (let count = 0; count < exponent; count++) result = Math.imul(result, base);
  return result;
}

/** Spreads 32 bits evenly. Source: the finalizer of MurmurHash3 (`fmix32` in aappleby/smhasher). */
export function mix(bits: number): number {
  let mixed = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
