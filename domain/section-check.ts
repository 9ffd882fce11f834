import { scriptOf, type Script } from './language.ts';
import { countWords } from './length.ts';
import { copiedFrom, isStuck, LONGEST_RUN, repeatedShare } from './repetition.ts';
import { cleanSection } from './response.ts';
import type { Answer } from './schemas/call.ts';
import type { DrawReason } from './schemas/sample.ts';
import { findLeak } from './section-leak.ts';

/** What a section is checked for beyond being there, whole and no refusal. */
export interface SectionChecks {
  /** Refuse a section that is clearly in another script than expected. */
  readonly language: boolean;
  /** Refuse a section that holds parts of its plan or notes about the writing. */
  readonly leaks: boolean;
  /** Words written for each word planned, at least; 0 is off. */
  readonly minWordsRatio: number;
  /** Words written for each word planned, at most; Infinity is off. */
  readonly maxWordsRatio: number;
  /** Share of 8-grams that repeat an earlier one of the section, at most, 0 to 1; 1 is off. */
  readonly maxRepeated: number;
  /** Share of 8-grams that stand in any one earlier section, at most, 0 to 1; 1 is off. */
  readonly maxCopied: number;
}

/** What a section is checked against: its planned words, the accepted sections before it, and the expected script. */
export interface SectionContext {
  readonly planned: number;
  readonly earlier: readonly string[];
  readonly expected: Script | undefined;
  readonly checks: SectionChecks;
}

/** Why an answer cannot be a section. The detail holds words of our own and numbers, never text of the model. */
export interface SectionRefusal {
  readonly reason: DrawReason;
  readonly detail: string;
}

/** Every check off that can be. */
export const CHECKS_OFF: SectionChecks = {
  language: false,
  leaks: false,
  minWordsRatio: 0,
  maxWordsRatio: Infinity,
  maxRepeated: 1,
  maxCopied: 1,
};

const GRAM_TOKENS = 8;
/** Words from which on a text is no refusal, however it begins: refusals are short, and sections are not. */
const REFUSAL_WORDS = 120;

// A quotation is a story's, not a refusal; what one cannot help but do is no refusal either. Verbs are spelled out, since a
// narrator cannot forget, cannot sleep and is unable to speak.
const VERBS = String.raw`(?:help(?!\s+but\b)|assist|write|comply|provide|create|generate|continue|fulfil|fulfill|complete|produce|engage|do\s+that|discuss|support)`;
const REFUSAL = new RegExp(
  String.raw`^[\s*_#>]*(?:${[
    String.raw`(?:i['’]?m|i\s+am)\s+(?:very\s+|so\s+|really\s+)?sorry\b|sorry,|(?:i\s+apologi[sz]e|my\s+apologies)[,.]?\s+(?:but|i)\b`,
    String.raw`(?:unfortunately,?\s+)?i\s*(?:can(?:no|['’])t|can\s+not|['’]?m\s+(?:unable|not\s+able)\s+to|am\s+(?:unable|not\s+able)\s+to|won['’]t(?:\s+be\s+able\s+to)?|will\s+not|must\s+decline\s+to|have\s+to\s+decline\s+to)\s+${VERBS}\b`,
    String.raw`i\s+(?:must|have\s+to)\s+(?:respectfully\s+)?decline\b`,
    String.raw`as\s+an?\s+(?:ai|artificial\s+intelligence|(?:large\s+)?language\s+model)[*_]{0,3}(?:\s+(?:language\s+)?(?:model|assistant|chatbot))?\s*(?:,|i\b|developed|created|trained|designed)`,
    String.raw`(?:i['’]?m|i\s+am)\s+(?:just\s+|only\s+)?an\s+ai\b`,
    String.raw`(?:非常|很|十分)?(?:抱歉|对不起)|(?:作为|我是)(?:一个|一名|一款)?(?:(?:AI|人工智能)(?:助手|程序|模型)?|(?:AI|人工智能)?大?语言模型)[，,。]`,
    String.raw`(?:很遗憾[，,]?)?我(?:无法|不能|没有办法|没法|不可以)(?:为您|为你|帮您|帮你|按照您?|根据您?)?(?:提供|协助|帮助|完成|满足|生成|写|撰写|创作|继续|处理|编写|续写)`,
  ].join('|')})`,
  'iu',
);

/** Whether a text of so many words begins as a refusal, and is short enough to be one. */
export function isRefusal(text: string, words: number): boolean {
  return words < REFUSAL_WORDS && REFUSAL.test(text);
}

/** The first reason for which an answer cannot be a section, or undefined where it can. Takes linear time. */
export function checkSection(answer: Answer, context: SectionContext): SectionRefusal | undefined {
  if (answer.finishReason === 'content_filter') return refuse('section-refusal', 'the provider’s filter stopped it');
  const text = cleanSection(answer.text);
  const words = countWords(text);
  if (answer.finishReason === 'length')
    return refuse('section-truncated', `cut at the token limit after ${words} words`);
  if (text === '') return refuse('section-empty', 'no text');
  if (isRefusal(text, words)) return refuse('section-refusal', `begins as a refusal, ${words} words`);
  return (
    checkLanguage(text, context) ??
    checkLeaks(text, context) ??
    checkRepetition(text, context) ??
    checkCopy(text, context) ??
    checkWords(words, context)
  );
}

const refuse = (reason: DrawReason, detail: string): SectionRefusal => ({ reason, detail });
const percent = (share: number): string => `${Math.round(share * 100)} %`;

function checkLanguage(text: string, { checks, expected }: SectionContext): SectionRefusal | undefined {
  if (!checks.language || expected === undefined) return undefined;
  const script = scriptOf(text);
  if (script === undefined || script === expected) return undefined;
  return refuse('section-language', `in script ${script}, ${expected} expected`);
}

function checkLeaks(text: string, { checks }: SectionContext): SectionRefusal | undefined {
  const leak = checks.leaks ? findLeak(text) : undefined;
  return leak && refuse('section-leak', `${leak.kind} on line ${leak.line}`);
}

function checkRepetition(text: string, { checks }: SectionContext): SectionRefusal | undefined {
  if (checks.maxRepeated >= 1) return undefined;
  if (isStuck(text)) return refuse('section-repetition', `the same more than ${LONGEST_RUN} times in a row`);
  const share = repeatedShare(text, GRAM_TOKENS);
  if (share <= checks.maxRepeated) return undefined;
  return refuse('section-repetition', `${percent(share)} of it repeated, ${percent(checks.maxRepeated)} allowed`);
}

function checkCopy(text: string, { checks, earlier }: SectionContext): SectionRefusal | undefined {
  if (checks.maxCopied >= 1) return undefined;
  const shareFrom = copiedFrom(text, GRAM_TOKENS);
  for (const [index, section] of earlier.entries()) {
    const share = shareFrom(section);
    if (share <= checks.maxCopied) continue;
    const detail = `${percent(share)} of it stands in section ${index + 1}, ${percent(checks.maxCopied)} allowed`;
    return refuse('section-copy', detail);
  }
  return undefined;
}

function checkWords(words: number, { checks, planned }: SectionContext): SectionRefusal | undefined {
  const ratio = words / planned;
  if (ratio >= checks.minWordsRatio && ratio <= checks.maxWordsRatio) return undefined;
  return refuse('section-words', `${words} words, ${planned} planned`);
}
