import {
  ABOUT_AFTER,
  AT_LEAST_AFTER,
  AT_LEAST_BEFORE,
  AT_LEAST_INSIDE,
  AT_MOST_AFTER,
  AT_MOST_BEFORE,
  AT_MOST_INSIDE,
  BODY_BEFORE,
  CHINESE_NOUN,
  COUNT,
  COUNTED_BEFORE,
  COUNT_BEFORE,
  EACH_AFTER,
  EACH_BEFORE,
  EACH_CHINESE,
  EACH_CHINESE_AFTER,
  EACH_CHINESE_SOMEWHERE,
  EACH_IN_CLAUSE,
  EACH_NOUN_BEFORE,
  EACH_SOMEWHERE,
  FEW_IN,
  FROM,
  IN_ALL_AFTER,
  IN_ALL_BEFORE,
  LABELLED,
  LINE_BEFORE,
  MANY_BEFORE,
  MENTION,
  OF_SOMETHING_ELSE_AFTER,
  OF_SOMETHING_ELSE_BEFORE,
  PART_NOUN,
  PIECE_AFTER,
  PIECE_BEFORE,
  PLURAL_AFTER,
  REWRITE,
  REWRITE_INTO,
} from './length-patterns.ts';
import { readAmount, readNumeral } from './numerals.ts';

/** The length that an instruction asks its answer to have. */
export interface RequiredLength {
  /** words, or Chinese characters: of a range its middle, of parts their sum; 1 to 200,000 */
  readonly words: number;
  /** whether that is aimed at, is the least, the most, or the middle of a range */
  readonly bound: 'about' | 'at-least' | 'at-most' | 'range';
  /** the stretches of the instruction it was read from, for people */
  readonly evidence: readonly string[];
}

/** A number of words as the instruction mentions it. */
interface Mention {
  readonly low: number;
  readonly high: number;
  readonly bound: RequiredLength['bound'];
  /** of the whole text, said so or not; of each of its parts; of one part, as an abstract; or not to be told */
  readonly of: 'all in all' | 'text' | 'each' | 'piece' | 'unsure';
  readonly evidence: readonly string[];
  /** what each has the length, and how many there are, where the mention itself says so */
  readonly part?: string | undefined;
  readonly parts?: number | undefined;
}

const MOST_WORDS = 200_000;
/** Up to here a number of words is seldom that of the text: these 5 words, a title of at most 12 words. */
const FEW_WORDS = 20;
/** Up to here the length of a title or a sentence is not that of the text. */
const LINE_WORDS = 60;
const MOST_PARTS = 200;
const MOST_MENTIONS = 200;
/** An upper end that is more times the lower one is no range: "Part 2 - 500 words". */
const WIDEST_RANGE = 10;
/** Characters looked at before and after a mention, so that reading takes linear time. */
const WINDOW = 100;

/**
 * The length that an instruction requires of its answer, in English or Chinese. Undefined where it states none, or
 * several that do not go together, or one of which it is open whose length it is: what is read is to be relied upon.
 * Takes linear time.
 */
export function readRequiredLength(instruction: string): RequiredLength | undefined {
  // One character each, so that places in it are places in the instruction.
  const text = instruction.replaceAll(/[\uff01-\uff5e]/gu, (wide) => String.fromCharCode(wide.charCodeAt(0) - 0xfee0));
  const all = [...findMentions(text, instruction)].filter(({ high }) => high <= MOST_WORDS);
  const long = all.filter(({ high }) => high > FEW_WORDS);
  const mentions = long.length > 0 ? long : all;
  const of = (kind: Mention['of']): readonly Mention[] => mentions.filter((mention) => mention.of === kind);

  const whole = of('all in all').length > 0 ? of('all in all') : of('text');
  const total = whole.length > 0 ? reconcile(whole) : undefined;
  if (whole.length > 0) {
    if (!total || mentions.some((mention) => !whole.includes(mention) && mention.low > total.words)) return undefined;
    return of('all in all').length === 0 && of('unsure').length > 0 ? undefined : total;
  }
  if (of('unsure').length > 0) return undefined;
  const each = of('each');
  if (each.length > 0) return sumOfParts(each, text);
  const [piece, ...more] = of('piece');
  return piece && more.length === 0 && piece.part === undefined ? reconcile([piece]) : undefined;
}

/** One length of all that are stated of the same text, where they agree. */
function reconcile(mentions: readonly Mention[]): RequiredLength | undefined {
  const evidence = [...new Set(mentions.flatMap((mention) => mention.evidence))];
  const exact = mentions.filter(({ bound }) => bound === 'about' || bound === 'range');
  const least = mentions.filter(({ bound }) => bound === 'at-least').map(({ low }) => low);
  const most = mentions.filter(({ bound }) => bound === 'at-most').map(({ high }) => high);
  const same = (values: readonly number[]): boolean => new Set(values).size < 2;
  if (!same(least) || !same(most)) return undefined;
  const [from = 0, to = Infinity] = [least[0], most[0]];
  if (!same(exact.map(({ low }) => low)) || !same(exact.map(({ high }) => high)) || from > to) return undefined;
  const [aim] = exact;
  if (aim) {
    if (aim.low < from || aim.high > to) return undefined;
    // "2000 words. Remember: at least 2000 words" says of the one number which end of it is meant.
    const bound =
      aim.bound === 'range' ? 'range' : aim.low === from ? 'at-least' : aim.high === to ? 'at-most' : 'about';
    return { words: Math.round((aim.low + aim.high) / 2), bound, evidence };
  }
  if (least.length > 0 && most.length > 0) {
    return { words: Math.round((from + to) / 2), bound: from === to ? 'about' : 'range', evidence };
  }
  return least.length > 0 ? { words: from, bound: 'at-least', evidence } : { words: to, bound: 'at-most', evidence };
}

/** The length of all parts, where it is known of each how many there are. */
function sumOfParts(each: readonly Mention[], text: string): RequiredLength | undefined {
  const [first] = each;
  const values = new Set(each.map(({ low, high, parts }) => `${low}-${high}-${each.length === 1 ? '' : parts}`));
  const bounds = new Set(each.map(({ bound }) => bound));
  if (!first || bounds.size > 1) return undefined;
  const counted = each.every(({ parts }) => parts !== undefined);
  if (values.size > 1 && !counted) return undefined;
  let words = 0;
  const evidence: string[] = [];
  for (const mention of values.size > 1 ? each : [first]) {
    const count = mention.parts === undefined ? countParts(text, mention.part) : { parts: mention.parts, evidence: [] };
    if (!count) return undefined;
    words += ((mention.low + mention.high) / 2) * count.parts;
    evidence.push(...mention.evidence, ...count.evidence);
  }
  words = Math.round(words);
  return words <= MOST_WORDS ? { words, bound: first.bound, evidence } : undefined;
}

/** How many parts the text says there are; undefined where it says none, or different numbers. */
function countParts(text: string, part: string | undefined): { parts: number; evidence: string[] } | undefined {
  const noun = part?.toLowerCase().replace(/^个|y$|ies$/, '') ?? `(?:${PART_NOUN}|${CHINESE_NOUN})`;
  const counted = new RegExp(
    String.raw`${COUNT}(?:\s?个?[小短]?|[\s-](?:(?!words?\b)[a-z'’-]{1,20}\s){0,2})${noun}(?:s|es|ies|y)?(?![a-z数])`,
    'giu',
  );
  const found = [...text.matchAll(counted)]
    .map((match) => ({ parts: readNumeral(match.groups?.['count'] ?? ''), evidence: [match[0]] }))
    .filter(({ parts }) => parts > 1 && parts <= MOST_PARTS);
  return new Set(found.map(({ parts }) => parts)).size === 1 ? found[0] : undefined;
}

function* findMentions(text: string, instruction: string): Generator<Mention> {
  let last: { mention: Mention; end: number } | undefined;
  for (const match of matches(text)) {
    const mention = readMention(match, text, instruction);
    if (!mention) continue;
    const head = text.slice(Math.max(0, match.index - WINDOW), match.index);
    // "Shorten this from 900 words to 300": what it was before does not count.
    const replaced = last && match.index - last.end < WINDOW && REWRITE_INTO.test(head) && REWRITE.test(head);
    if (last && !replaced) yield last.mention;
    last = { mention, end: match.index + match[0].length };
  }
  if (last) yield last.mention;
}

/** In their order; of a text with more of them than an instruction can hold, none. */
function matches(text: string): RegExpExecArray[] {
  const found: RegExpExecArray[] = [];
  for (const mentions of [text.matchAll(MENTION), text.matchAll(LABELLED)])
    for (const match of mentions) if (found.push(match) > MOST_MENTIONS) return [];
  return found.toSorted((one, other) => one.index - other.index);
}

function readMention(match: RegExpExecArray, text: string, instruction: string): Mention | undefined {
  const { first = '', second, unit = '', label = '', filler = '' } = match.groups ?? {};
  const start = match.index + label.length + filler.length;
  const end = match.index + match[0].length;
  const head = text.slice(Math.max(0, start - WINDOW), start);
  const sentence = head.slice(head.search(/[^。！？!?；;\n]*$/u)).replace(/^.*(?<!\b(?:max|min|approx|ca))[.]\s/iu, '');
  const clause = sentence.slice(sentence.search(/[^，,、]*$/u));
  const tail = text.slice(end, end + WINDOW).replace(/[。！？!?；;\n][\s\S]*$/u, '');
  if (OF_SOMETHING_ELSE_BEFORE.test(head) || OF_SOMETHING_ELSE_AFTER.test(tail)) return undefined;

  // "1，800字" may be the first of a list: in 要求：1，800字以上.
  const listed = /^\d，/u.test(instruction.slice(start, start + 2)) && label === '' && /(?:^|[\s:;。])$/u.test(head);
  const amount = listed ? undefined : readAmounts(first, second, { head, sentence, label });
  if (amount === 'none') return undefined;
  const bounds = { head: clause, unit: unit + match[0].slice(label.length + filler.length), tail };
  const [bound, stretch] = readBound(bounds, amount);
  const evidence = [
    instruction.slice(start - stretch.before - (label ? label.length + filler.length : 0), end + stretch.after).trim(),
  ];
  if (amount === undefined) return { low: FEW_WORDS + 1, high: FEW_WORDS + 1, bound, of: 'unsure', evidence };
  const { low, high } = amount;
  if (high === 0) return undefined;
  if (high <= FEW_WORDS && (label !== '' || !isClearlyLength(bound, head, tail, unit))) return undefined;
  if (high <= LINE_WORDS && LINE_BEFORE.test(clause)) return undefined;
  return { low, high, bound, evidence, ...readOf({ head, sentence, clause, tail, label }) };
}

type Range = { readonly low: number; readonly high: number };

/** The ends of what is stated; undefined where it is no number, or two that are no range; none where it is no amount at all. */
function readAmounts(
  first: string,
  second: string | undefined,
  place: { head: string; sentence: string; label: string },
): Range | undefined | 'none' {
  const one = readAmount(first);
  const two = second === undefined ? undefined : readAmount(second);
  // A bare 百, 千 or 万 is a number only in 千字以上, and "a" in "a word" is none.
  if (second === undefined) return one && !/^[百千万十]+$/u.test(first) ? { low: one.low, high: one.high } : 'none';
  if (!one || !two) return undefined;
  // 1 to 2 thousand, 3到5千: the last word multiplies both.
  const scale = two.scale > 1 && one.low < two.scale && one.low * two.scale <= two.high ? two.scale : 1;
  const low = one.low * scale;
  if (FROM.test(place.head) && REWRITE.test(place.sentence)) return { low: two.high, high: two.high };
  if (low >= two.high || two.high > low * WIDEST_RANGE) return undefined;
  return { low, high: two.high };
}

function isClearlyLength(bound: Mention['bound'], head: string, tail: string, unit: string): boolean {
  if (/^-word$/iu.test(unit))
    return /^\s(?:[a-z]+\s)?(?:slogan|tagline|summary|story|poem|motto|description|bio|blurb)/iu.test(tail);
  return bound === 'at-most' || (bound !== 'range' && FEW_IN.test(head));
}

function readBound(
  place: { head: string; unit: string; tail: string },
  amount: Range | undefined,
): readonly [Mention['bound'], { before: number; after: number }] {
  const [mostBefore, leastBefore] = [AT_MOST_BEFORE.exec(place.head), AT_LEAST_BEFORE.exec(place.head)];
  const [mostAfter, leastAfter] = [AT_MOST_AFTER.exec(place.tail), AT_LEAST_AFTER.exec(place.tail)];
  // "not exceeding" holds "exceeding", and 不少于 holds 少于: the longer one was said.
  const most = (mostBefore?.[0].length ?? 0) >= (leastBefore?.[0].length ?? 0) ? mostBefore : null;
  const least = most ? null : leastBefore;
  const stretch = {
    before: (most ?? least)?.[0].length ?? 0,
    after: (mostAfter ?? leastAfter ?? ABOUT_AFTER.exec(place.tail))?.[0].length ?? 0,
  };
  if (amount && amount.high > amount.low) return ['range', stretch];
  if (most || mostAfter || AT_MOST_INSIDE.test(place.unit)) return ['at-most', stretch];
  if (least || leastAfter || AT_LEAST_INSIDE.test(place.unit)) return ['at-least', stretch];
  return ['about', stretch];
}

function readOf(place: {
  head: string;
  sentence: string;
  clause: string;
  tail: string;
  label: string;
}): Pick<Mention, 'of' | 'part' | 'parts'> {
  const { head, sentence, clause, tail, label } = place;
  const eachAfter = EACH_AFTER.exec(tail) ?? EACH_CHINESE_AFTER.exec(tail);
  const counted = COUNTED_BEFORE.exec(clause) ?? COUNTED_BEFORE.exec(sentence);
  const plural = PLURAL_AFTER.test(tail);
  const numeral = counted?.groups?.['count'] ?? (plural ? COUNT_BEFORE.exec(head)?.groups?.['count'] : undefined);
  const parts = numeral === undefined ? undefined : readNumeral(numeral);
  // "a 5-paragraph essay" and "one story" have one length, of the whole.
  const many = parts !== undefined && parts > 1 && parts <= MOST_PARTS;
  const each = EACH_NOUN_BEFORE.exec(clause) ?? EACH_CHINESE.exec(sentence) ?? EACH_BEFORE.exec(sentence) ?? eachAfter;
  if (!each && (/^(?:total|总|全文)/iu.test(label) || IN_ALL_BEFORE.test(clause) || IN_ALL_AFTER.test(tail)))
    return { of: 'all in all' };
  if (many) return { of: 'each', parts };
  if (each) return { of: 'each', part: each.groups?.['noun'] ?? each.groups?.['noun2'] };
  const manyBefore = MANY_BEFORE.exec(sentence)?.groups?.['count'];
  if (plural || (manyBefore !== undefined && readNumeral(manyBefore) > 1)) return { of: 'unsure' };
  if (EACH_SOMEWHERE.test(sentence) || EACH_IN_CLAUSE.test(clause) || EACH_CHINESE_SOMEWHERE.test(sentence))
    return { of: 'unsure' };
  // "a review of 400 words, then a summary of 100" asks for two texts.
  if (/\b(?:and|then|plus|followed by)\b/iu.test(clause)) return { of: 'text' };
  if (PIECE_AFTER.test(tail) || BODY_BEFORE.test(clause)) return { of: 'piece' };
  return PIECE_BEFORE.test(clause) ? { of: 'piece', part: 'named' } : { of: 'text' };
}
