import { NUMERAL, readNumeral } from './numerals.ts';

/** A line of a plan, or one that begins as such a line and has no word count. */
export type PlanLine =
  | { readonly counted: true; readonly number: number; readonly mainPoint: string; readonly words: number }
  | { readonly counted: false };

// Lines come from models, and one that loops writes dashes or spaces without end. So marks are spelled out (JavaScript's
// \W holds every Chinese character), and no two runs of the same marks meet: that would take quadratic time or worse.
const MARKS = String.raw`[\s*_#>~•·+\x60-]*`;
const MAIN_POINT = String.raw`(?:main\s+(?:points?|ideas?)|主旨|要点|主要内容|主要观点|核心内容|中心思想)[\s*_]*[:：–—-][\s*_]*`;
const WORD_COUNT = String.raw`(?:word\s*count|字\s*数(?:要求|限制)?|词数)`;
const ABOUT = String.raw`(?:(?:about|approximately|approx\.?|around|roughly|at\s+least|up\s+to|大约|约|大概|至少)[\s:：~]*)?`;
const AMOUNT = String.raw`(?:\d{1,3}(?:,\d{3}){1,2}|\d{1,7})(?![\d,]*\d)`;
const COUNT = String.raw`${ABOUT}(${AMOUNT})(?:[ \t]{0,3}(?:words|字)?[ \t]{0,3}(?:[-–—~～至到]|to)[ \t]{0,3}(${AMOUNT}))?`;
const UNIT = String.raw`[ \t]{0,3}-?(?:words?|characters?|字|词)(?:左右|上下|以内)?`;

const NAMED = new RegExp(
  String.raw`^${MARKS}[([（【]?(?:\d{1,3}[.)、）][\s*_]*)?(?:(?:paragraph|section|part|段落|部分)[\s*_#]*(${NUMERAL})|第\s*(${NUMERAL})\s*(?:段落?|小节|节|部分))(?<marks>[\s*_.:：、，)）\]】|–—-]*)(?<label>${MAIN_POINT})?`,
  'iu',
);
const LISTED = new RegExp(String.raw`^${MARKS}[(（]?(${NUMERAL})[.)）、:：][\s*_–—-]*(?<label>${MAIN_POINT})`, 'iu');
const CONTINUED = new RegExp(String.raw`^${MARKS}(?:${MAIN_POINT}|${WORD_COUNT}[\s*_]*[:：])`, 'iu');
const LABEL = new RegExp(MAIN_POINT, 'iu');
const LABELLED_COUNT = new RegExp(String.raw`${WORD_COUNT}[\s*_:：=~≈–—[(（【-]*${COUNT}`, 'giu');
const CLOSING_COUNT = new RegExp(
  String.raw`[-–—[(（【,，;；:：.。|][\s*_~≈]{0,5}${COUNT}${UNIT}[\s*_)\]）】.。]*$`,
  'iu',
);
const WHOLE_COUNT = new RegExp(String.raw`^\s*${COUNT}(?:${UNIT})?\s*$`, 'iu');

/** Characters at the end of a line in which a count without a label is looked for. */
const CLOSING_CHARACTERS = 60;

/**
 * Reads a line of the paper's grammar, `Paragraph N - Main Point: … - Word Count: … words`, also with Markdown or list
 * marks, in Chinese (`第一段：主旨：…，字数：400字`), with a range of words (its mean), or with labels, dashes or brackets
 * missing. Undefined for any other line. Takes linear time.
 */
export function readPlanLine(line: string): PlanLine | undefined {
  const head = headOf(line);
  if (!head) return undefined;
  const rest = line.slice(head.length);
  const count = countIn(rest);
  if (!count) return { counted: false };
  const point = pointBefore(rest.slice(0, count.index));
  return { counted: true, number: head.number, mainPoint: head.labelled ? point : untitled(point), words: count.words };
}

/** Whether a line is a part of a plan line that a model broke: its main point or its word count alone. */
export function continuesPlanLine(line: string): boolean {
  return CONTINUED.test(line);
}

/** Reads "400", "about 1,000 words", "约400字" or "300-400 words"; undefined for anything else. */
export function readWordCount(text: string): number | undefined {
  const match = WHOLE_COUNT.exec(text.slice(0, 100));
  return match ? wordsOf(match[1]!, match[2]) : undefined;
}

function headOf(line: string): { number: number; length: number; labelled: boolean } | undefined {
  const match = NAMED.exec(line) ?? LISTED.exec(line);
  if (!match) return undefined;
  const { label, marks } = match.groups!;
  // "Paragraph 3 is the longest" speaks of a paragraph and plans none.
  const ended = match[0].length === line.length;
  if (label === undefined && !ended && !/[.:：、，)）\]】|–—-]/u.test(marks ?? '')) return undefined;
  return { number: readNumeral((match[1] ?? match[2])!), length: match[0].length, labelled: label !== undefined };
}

/** The word count of a line: the first label after a dash, else the last label, else what closes the line. */
function countIn(text: string): { index: number; words: number } | undefined {
  const labelled = [...text.matchAll(LABELLED_COUNT)];
  const match = labelled.find(({ index }) => endsInDash(trimmed(text.slice(0, index)))) ?? labelled.at(-1);
  if (match) return { index: match.index, words: wordsOf(match[1]!, match[2]) };
  const start = Math.max(0, text.length - CLOSING_CHARACTERS);
  const closing = CLOSING_COUNT.exec(text.slice(start));
  if (!closing) return undefined;
  // A full stop ends the main point, other marks lead to the count.
  return {
    index: start + closing.index + (/^[.。]/.test(closing[0]) ? 1 : 0),
    words: wordsOf(closing[1]!, closing[2]),
  };
}

function wordsOf(from: string, to: string | undefined): number {
  const [low, high] = [from, to ?? from].map((amount) => Number(amount.replaceAll(',', ''))) as [number, number];
  return high > low && high <= 3 * low ? Math.round((low + high) / 2) : low;
}

/** A main point without the dash and the marks that lead to its word count, and without brackets around it. */
function pointBefore(text: string): string {
  const end = trimmed(text);
  const point = (endsInDash(end) ? end.slice(0, -1) : trimmed(text, ',，;；|:：')).replace(/\s+/g, ' ').trim();
  const inner = point.replace(/^[[【]/, '').replace(/[\]】]$/, '');
  return /[[\]【】]/.test(inner) ? point : inner.trim();
}

// No pattern: one that ends in `$` is tried at every dash of the text.
const endsInDash = (text: string): boolean => '-–—'.includes(text.at(-1) ?? ' ');

/** A text without white space, emphasis and opening brackets at its end, nor what else is given. */
function trimmed(text: string, also = ''): string {
  const marks = ` \t*_[(（【${also}`;
  let end = text.length;
  while (end > 0 && marks.includes(text[end - 1]!)) end -= 1;
  return text.slice(0, end);
}

/** A main point in one, where a title stands before its label: `The start - Main Point: …`. */
function untitled(point: string): string {
  const label = LABEL.exec(point);
  if (!label) return point;
  const title = point.slice(0, label.index).replace(/[\s*_:：–—-]{1,9}$/, '');
  return `${title}: ${pointBefore(point.slice(label.index + label[0].length))}`;
}
