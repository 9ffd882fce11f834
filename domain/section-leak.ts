import { NUMERAL } from './numerals.ts';
import { readPlanLine } from './plan-line.ts';
import { REFUSED } from './redraw.ts';

/** What of the plan, or about the writing, stands in a section, and on which of its lines, from 1. */
export interface SectionLeak {
  readonly kind: 'plan line' | 'word count' | 'end mark' | 'opening' | 'note';
  readonly line: number;
}

// Every run is bounded, and only lines that are short enough are looked at as a whole.
const LONGEST_LINE = 400;
const START = String.raw`^[\s*_#>~•+([（【-]{0,12}`;
const END = String.raw`[\s*_.。)\]）】=–—-]{0,10}$`;
const ABOUT = String.raw`(?:about|approximately|approx\.?|around|roughly|total|约|大约|共|共计|总计|全文|本段|本节)?[\s:：约~≈]{0,4}`;
const AMOUNT = String.raw`\d{1,3}(?:,?\d{3}){0,2}(?:\s?[-–—~～]\s?\d{1,6})?`;
const UNIT = String.raw`\s?(?:words?|characters?|字|词)(?:左右)?`;
const LABEL = String.raw`(?:word\s?count|字数(?:要求|统计)?|词数)[\s*_]{0,4}[:：][\s*_]{0,4}`;
const ORDINAL = String.raw`(?:next|following|requested|completed?|written|new|first|second|third|fourth|fifth|final|last|full)`;
const PART = String.raw`(?:第[一二三四五六七八九十百\d]{1,4}(?:段|节|部分)|[下上][一]?[段节]|[本该此][段节]|这一?[段节])`;

const pattern = (source: string): RegExp => new RegExp(source, 'iu');

const MAIN_POINT = pattern(String.raw`(?:${START}(?:\d{1,3}[.)]\s?)?|[-–—]\s?)[*_]{0,3}main\spoint[*_]{0,3}\s?[:：]`);
const PLAN_LABEL = pattern(String.raw`main\spoint|word\s?count|字数|词数`);

const COUNT_LINE = pattern(String.raw`${START}(?:target\s|total\s)?${LABEL}${ABOUT}${AMOUNT}(?:${UNIT})?${END}`);
const COUNT_AFTER_DASH = pattern(String.raw`[-–—]\s?[*_]{0,3}${LABEL}[[(]?${ABOUT}${AMOUNT}(?:${UNIT})?${END}`);
const BRACKETED_LABEL = pattern(String.raw`[[(（【]\s?${LABEL}${ABOUT}${AMOUNT}(?:${UNIT})?\s?[\])）】]`);
const BRACKETED_COUNT = pattern(String.raw`[[(（【]\s?${ABOUT}${AMOUNT}${UNIT}\s?[\])）】][:：\s*_]{0,6}$`);
// "(240 words)" in prose or in a list says how long something is; alone, after a sentence or in a heading it is the plan's.
const SENTENCE_END = /(?:^|[.!?。！？…”"’])[\s*_]{0,6}$/u;
const HEADING = pattern(
  String.raw`^(?:#{1,6}\s|\*\*.{1,200}\*\*[:：]?$|(?:paragraph|section)\s?${NUMERAL}\b|第.{1,4}[段节])`,
);

const END_MARK = pattern(
  String.raw`${START}(?:the\s)?(?:end\sof\s(?:the\s|this\s)?(?:section|paragraph)(?:\s${NUMERAL})?|${PART}(?:落|内容)?(?:到此)?(?:完|结束|完毕))${END}`,
);
const CONTINUED = pattern(
  String.raw`^[*_]{0,3}[[(（【](?:to\sbe\s)?continued?(?:s)?\s(?:in|with|to)\sthe\snext\s(?:section|paragraph)[.…]{0,3}[\])）】][*_]{0,3}$`,
);
const OPENING = pattern(
  String.raw`${START}(?:here(?:['’]s|\sis)|below\sis|the\sfollowing\sis)\s(?:the\s|your\s|my\s|a\s)?(?:text\s(?:of|for)\s(?:the\s)?)?(?:(?:${ORDINAL}\s){1,3}(?:paragraph|section)|(?:paragraph|section)\s${NUMERAL}|continuation)\b(?:\s?[:：]|.{0,200}[:：][\s*_]{0,6}$)`,
);
const BARE_OPENING = pattern(
  String.raw`${START}(?:here(?:['’]s|\sis)|below\sis)\s(?:the|your|my)\s(?:paragraph|section)(?:,?\s(?:as\srequested|based\son|following|according).{0,120})?[:：]`,
);
const EAGER_OPENING = pattern(
  String.raw`^[\s*_]{0,6}(?:sure|certainly|of\scourse|absolutely|okay|understood)[,.!—]{1,3}\s?(?:here|below|i['’]?(?:ll|ve|\swill|\shave)|let\sme)\b.{0,200}\b(?:paragraph|section|draft|continuation|text|piece)\b.{0,120}[:：.!…]$`,
);
const CHINESE_OPENING = pattern(
  String.raw`^[\s*_#]{0,6}(?:(?:好的|当然(?:可以)?|没问题)[，,。！!\s]{1,3}(?:以下|下面|这里|这)是.{0,60}[:：。]$|(?:以下|下面|这)是.{0,20}(?:${PART}|续写|正文).{0,20}[:：])`,
);

const NOTE = pattern(String.raw`${START}(?:(?:author|writer)['’]s\s)?(?:note|注|备注|说明|注意)[*_]{0,3}\s?[:：]`);
const OWN_PART = pattern(
  String.raw`\b(?:this|the)\s(?:section|paragraph)\b|(?:本|该|此|这一|以上|上述)(?:段|节|部分|内容)`,
);
const WRITING = pattern(
  String.raw`\b(?:words?|plan|planned|outline|requested|prompt|(?:next|previous|earlier|following)\s(?:section|paragraph)s?|repeat\w{0,5}|wrap\w{0,4})\b|字数|大纲|写作计划|下一[段节]|上一[段节]|上文|\d字`,
);
const STATEMENT = pattern(
  String.raw`^[\s*_([（【]{0,6}(?:this|the)\s(?:section|paragraph)\s(?:is|has|contains|comes\sto|meets|stays)\b.{0,60}\b(?:\d{1,6}\swords?|word\scount)\b.{0,60}$|^[([（【](?:本|该)[段节].{0,20}\d{1,6}字.{0,10}$`,
);

const KINDS: readonly (readonly [
  SectionLeak['kind'],
  (line: string, place: { first: boolean; last: boolean }) => boolean,
])[] = [
  ['plan line', isPlanLine],
  ['word count', isWordCount],
  ['end mark', (line) => END_MARK.test(line) || CONTINUED.test(line)],
  ['opening', (line, { first }) => first && isOpening(line)],
  ['note', (line, { last }) => isNote(line, last)],
];

/** The first line of a section that is a part of its plan or a note about the writing. Takes linear time. */
export function findLeak(text: string): SectionLeak | undefined {
  const lines = text.split('\n').map((line) => line.trim());
  const first = lines.findIndex((line) => line !== '');
  const last = lines.findLastIndex((line) => line !== '');
  for (const [index, line] of lines.entries()) {
    if (line === '') continue;
    const place = { first: index === first, last: index === last };
    const found = KINDS.find(([, leaks]) => leaks(line, place));
    if (found) return { kind: found[0], line: index + 1 };
  }
  return undefined;
}

function isPlanLine(line: string): boolean {
  if (MAIN_POINT.test(line.slice(0, LONGEST_LINE))) return true;
  return line.length <= LONGEST_LINE && PLAN_LABEL.test(line) && readPlanLine(line)?.counted === true;
}

function isWordCount(line: string): boolean {
  const end = line.slice(-100);
  if (COUNT_AFTER_DASH.test(end) || BRACKETED_LABEL.test(end)) return true;
  if (line.length <= 100 && COUNT_LINE.test(line)) return true;
  const bracketed = BRACKETED_COUNT.exec(end);
  if (!bracketed) return false;
  return SENTENCE_END.test(end.slice(0, bracketed.index)) || (line.length <= LONGEST_LINE && HEADING.test(line));
}

function isOpening(line: string): boolean {
  const start = line.slice(0, LONGEST_LINE);
  if (OPENING.test(start) || BARE_OPENING.test(start)) return true;
  return line.length <= LONGEST_LINE && (EAGER_OPENING.test(line) || CHINESE_OPENING.test(line));
}

function isNote(line: string, last: boolean): boolean {
  if (line.includes(REFUSED)) return true;
  if (line.length > LONGEST_LINE) return false;
  if (NOTE.test(line) && OWN_PART.test(line) && WRITING.test(line)) return true;
  return (last || /^[\s*_]{0,6}[([（【]/u.test(line)) && STATEMENT.test(line);
}
