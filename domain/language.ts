import type { TextLanguage } from './schemas/dataset.ts';

/** A writing system, as far as the checks tell them apart; Japanese, with its kana, is `other`. */
export type Script = 'han' | 'latin' | 'other';

/** Share of the letters from which on a text is said to be in a script. */
const DOMINANT = 0.6;
/** Letters below which a text says nothing about its script. */
const FEWEST_LETTERS = 10;
/** Letters that one Chinese character stands for: Chinese with many English terms is still Chinese. */
const HAN_WEIGHT = 2;

/** The script of most letters of a text outside fenced code; undefined where it is mixed, or has too few letters. */
export function scriptOf(text: string): Script | undefined {
  const letters = lettersOf(text);
  if (letters.total < FEWEST_LETTERS) return undefined;
  return (['han', 'latin', 'other'] as const).find((script) => letters[script] >= DOMINANT * letters.total);
}

/** Share of a text's letters outside fenced code that are not in a script, 0 to 1; 0 where it has too few letters. */
export function foreignShare(text: string, script: Script): number {
  const letters = lettersOf(text);
  return letters.total < FEWEST_LETTERS ? 0 : 1 - letters[script] / letters.total;
}

/** Letters of a text by script, a Chinese character counted as HAN_WEIGHT of them. */
function lettersOf(text: string): Record<Script | 'total', number> {
  const prose = text.replace(/```[\s\S]*?```/g, ' ');
  // Runs, not letters, are matched: ten times faster on a text of ten thousand words.
  const count = (pattern: RegExp): number => prose.match(pattern)?.reduce((sum, run) => sum + run.length, 0) ?? 0;
  const kana = count(/[\p{Script=Hiragana}\p{Script=Katakana}]+/gu);
  const characters = count(/\p{Script=Han}+/gu) * HAN_WEIGHT;
  const latin = count(/\p{Script=Latin}+/gu);
  const rest = count(/\p{L}+/gu) - characters / HAN_WEIGHT - latin;
  const japanese = kana * 10 > characters / HAN_WEIGHT;
  const han = japanese ? 0 : characters;
  const other = rest + characters - han;
  return { han, latin, other, total: han + latin + other };
}

/** Languages as instructions name them, by their script. */
const LANGUAGES: Readonly<Record<Script, RegExp>> = {
  han: /\b(?:chinese|mandarin|cantonese)\b|[中汉华]文(?![化明学])|[汉华国]语|普通话|粤语/iu,
  latin:
    /\b(?:english|french|german|spanish|italian|portuguese|dutch|swedish|polish|turkish|vietnamese|indonesian|latin)\b|[英法德]语|[英德]文(?![化明])|法文(?!章)|(?:西班牙|葡萄牙|意大利|拉丁|越南)[语文]/iu,
  other:
    /\b(?:japanese|korean|russian|ukrainian|greek|arabic|hebrew|persian|hindi|urdu|bengali|thai)\b|[日韩俄泰]语|[日韩俄泰]文(?![化明])|(?:阿拉伯|希腊|印地|希伯来)[语文]/iu,
};
/** How an instruction in another script asks for a text in Chinese or English. */
const ASKED_FOR: Readonly<Record<'zh' | 'en', RegExp>> = {
  zh: /\bin (?:\w+ ){0,3}(?:chinese|mandarin)(?=\s*(?:[.,;:!?)]|and\b|$))|[用以](?:[中汉]文|汉语)|(?:[中汉]文|[汉国]语)(?:作文|文章)/iu,
  en: /\bin (?:\w+ ){0,3}english(?=\s*(?:[.,;:!?)]|and\b|$))|[用以]英[文语]|英[文语](?:作文|文章|短文|演讲稿|邮件)/iu,
};
const TWO_LANGUAGES = /translat|bilingual|multilingual|翻译|双语|译[成为文]/iu;

/**
 * The script that the text an instruction asks for should be in: that of the instruction. Undefined, so that nothing is
 * checked, where the instruction names a language of another script, a translation, or has no clear script itself.
 */
export function expectedScript(instruction: string): Script | undefined {
  const script = scriptOf(instruction);
  if (script === undefined || TWO_LANGUAGES.test(instruction)) return undefined;
  const others = (['han', 'latin', 'other'] as const).filter((other) => other !== script);
  // `other` holds many scripts, so a language named there may be another one too.
  if (script === 'other') others.push('other');
  return others.some((other) => LANGUAGES[other].test(instruction)) ? undefined : script;
}

/**
 * The language of the text that an instruction asks for, as far as scripts tell: `en` stands for all of Latin letters.
 * It is that of the instruction itself, unless this asks for English or Chinese in so many words.
 */
export function requestedLanguage(instruction: string): TextLanguage {
  const own = languageOf(instruction);
  // An instruction that asks for both, or for a translation, is no reason to think otherwise.
  if (TWO_LANGUAGES.test(instruction)) return own;
  const asked = (['zh', 'en'] as const).filter((language) => ASKED_FOR[language].test(instruction));
  return asked.length === 1 ? asked[0]! : own;
}

/** The language of a text as far as its script tells it. */
export function languageOf(text: string): TextLanguage {
  const script = scriptOf(text);
  return script === 'han' ? 'zh' : script === 'latin' ? 'en' : 'other';
}
