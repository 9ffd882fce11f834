const UNITS = [
  ...['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten', 'eleven', 'twelve'],
  ...['thirteen', 'fourteen', 'fifteen', 'sixteen', 'seventeen', 'eighteen', 'nineteen'],
];
const TENS: Readonly<Record<string, number>> = { twenty: 20, thirty: 30, forty: 40, fifty: 50 };
const CHINESE_UNITS = '零一二三四五六七八九';

/** Source of a pattern, for flags `iu`, of the numerals that number a paragraph: 12, twelve, 十二. */
export const NUMERAL = String.raw`(?:\d{1,6}|[零〇一二两三四五六七八九十百]{1,7}|(?:(?:${Object.keys(TENS).join('|')})(?:[- ](?:${UNITS.slice(1, 10).join('|')}))?|${UNITS.slice(1).join('|')})(?![a-z]))`;

/** The number that a match of NUMERAL stands for. */
export function readNumeral(text: string): number {
  if (/^\d/.test(text)) return Number(text);
  if (/^[a-z]/i.test(text)) {
    const words = text.toLowerCase().split(/[- ]/);
    return words.reduce((sum, word) => sum + (TENS[word] ?? UNITS.indexOf(word)), 0);
  }
  let sum = 0;
  let unit = 0;
  for (const character of text.replaceAll('〇', '零').replaceAll('两', '二')) {
    const power = { 十: 10, 百: 100 }[character];
    if (power === undefined) unit = CHINESE_UNITS.indexOf(character);
    else {
      sum += Math.max(unit, 1) * power;
      unit = 0;
    }
  }
  return sum + unit;
}

const MORE_TENS: Readonly<Record<string, number>> = { ...TENS, sixty: 60, seventy: 70, eighty: 80, ninety: 90 };
const SCALES: Readonly<Record<string, number>> = { hundred: 100, thousand: 1000, million: 1e6, k: 1000 };
const POWERS: Readonly<Record<string, number>> = { 十: 10, 百: 100, 千: 1000, 万: 10_000, w: 10_000 };
const ENGLISH = [...UNITS.slice(1), ...Object.keys(MORE_TENS)].toSorted((a, b) => b.length - a.length).join('|');
const GROUPED = String.raw`\d{1,3}(?:[,'’\u00a0\u202f]\d{3}){1,3}|\d{1,3}(?:\s000){1,2}`;

/** Source of a pattern, for flags `iu`, of an amount in digits or words, English or Chinese: 2,000, 2k, two thousand, 1.5万, 两千. */
export const AMOUNT = String.raw`(?:(?:\d{1,4}(?:\.\d{1,2})?[万千百]){1,3}\d?|(?:${GROUPED}|\d{1,7}(?:\.\d{1,3})?)(?:w|\s?(?:k|hundred|thousand|million)(?![a-z]))?(?!\d)|[零〇一二两三四五六七八九十百千万]{1,10}|(?<![a-z])(?:an?(?=[\s-](?:hundred|thousand|million))|${ENGLISH})(?:[\s-]{1,2}(?:and[\s-])?(?:${ENGLISH}|hundred|thousand|million)){0,7}(?![a-z]))`;

/** An amount as it was read: two numbers where the words leave it open, as 两三千 does. */
export interface Amount {
  readonly low: number;
  readonly high: number;
  /** what its last word multiplies by: 1000 in 3k and 三千, 1 in 3000 */
  readonly scale: number;
}

/** The amount that a match of AMOUNT stands for; undefined where its words are no number. Takes linear time. */
export function readAmount(text: string): Amount | undefined {
  const plain = text.toLowerCase();
  if (/^\d[\d.]*[百千万]|^[^\da-z]/.test(plain)) return readChineseAmount(plain);
  const digits = /^(\d[\d.,'’\s]*)([a-z]*)$/.exec(plain);
  if (!digits) return readEnglishAmount(plain);
  const scale = SCALES[digits[2] ?? ''] ?? POWERS[digits[2] ?? ''] ?? 1;
  // 2.000 with nothing to multiply is a number as half of Europe writes it.
  const ungrouped = (digits[1] ?? '').replaceAll(/[,'’\s]/g, '').replace(scale === 1 ? /\.(?=\d{3}$)/ : /$^/, '');
  const value = Math.round(Number(ungrouped) * scale);
  return { low: value, high: value, scale };
}

function readEnglishAmount(text: string): Amount | undefined {
  let total = 0;
  let group = 0;
  let scale = 1;
  for (const word of text.split(/[\s-]+/)) {
    if (word === 'and') continue;
    const unit = word === 'a' || word === 'an' ? 1 : (MORE_TENS[word] ?? UNITS.indexOf(word));
    const power = SCALES[word];
    scale = power ?? 1;
    if (power === 100) group *= 100;
    else if (power !== undefined) {
      total += group * power;
      group = 0;
    } else {
      // One and twenty, or two ten, is two numbers in a row.
      const room = unit >= 10 ? 100 : 10;
      if (group % room !== 0 || (unit < 10 && group % 100 === 10)) return undefined;
      group += unit;
    }
    if (power !== undefined && total + group === 0) return undefined;
  }
  return /^an?$/.test(text) ? undefined : { low: total + group, high: total + group, scale };
}

function readChineseAmount(text: string): Amount | undefined {
  const tokens =
    text
      .replaceAll('〇', '零')
      .replaceAll('两', '二')
      .match(/\d+(?:\.\d+)?|./gu) ?? [];
  let [total, group, spread, scale, last] = [0, 0, 0, 1, 0];
  let digit: number | undefined;
  for (const token of tokens) {
    const power = POWERS[token];
    const value = /^\d/.test(token) ? Number(token) : CHINESE_UNITS.indexOf(token);
    if (power === undefined) {
      if (value === 0) last = 0;
      // 七八百 and 三五百 are from one to the other; any other two digits in a row are two numbers.
      else if (digit === undefined) digit = value;
      else if (spread === 0 && value > digit && value <= digit + 2) spread = value - digit;
      else return undefined;
      continue;
    }
    if (power === 10_000) {
      total = (total + group + (digit ?? (group === 0 ? 1 : 0))) * power;
      group = 0;
    } else group += (digit ?? 1) * power;
    spread *= power;
    [digit, scale, last] = [undefined, power, power];
  }
  // 一千五 is 1500, 一千零五 is 1005.
  const rest = (digit ?? 0) * (last >= 100 ? last / 10 : 1);
  const low = Math.round(total + group + rest);
  return { low, high: Math.round(low + spread), scale };
}
