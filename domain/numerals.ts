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
