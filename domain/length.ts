/**
 * Words of a text as the benchmark counts them: characters of U+4E00 to U+9FFF plus runs of a-z and A-Z that touch no
 * other letter, digit or underscore. Digits, accented words and other scripts count 0, as they do there.
 *
 * Source: `count_words` in THUDM/LongWriter evaluation/pred.py, whose `\b` is Unicode-aware as JavaScript's is not.
 */
export function countWords(text: string): number {
  const characters = text.match(/[\u4e00-\u9fff]/g)?.length ?? 0;
  const words = text.match(/(?<![\p{L}\p{N}_])[a-zA-Z]+(?![\p{L}\p{N}_])/gu)?.length ?? 0;
  return characters + words;
}

/**
 * S_l of the paper, 0 to 100: 100 at the required length, 0 from 4 times too long or 3 times too short.
 *
 * Source: the S_l formula of arXiv 2408.07055; `score` in THUDM/LongWriter evaluation/eval_length.py, and 0 for no words.
 * Fails with a RangeError where nothing is required, since no length is then right or wrong.
 * @param required words asked for, above 0
 * @param written words written, 0 or more
 */
export function lengthScore(required: number, written: number): number {
  if (!(required > 0)) throw new RangeError(`a length score needs a required length above 0, not ${required}`);
  if (written === 0) return 0;
  const excess = written > required ? (written / required - 1) / 3 : (required / written - 1) / 2;
  return 100 * Math.max(0, 1 - excess);
}
