import { closest, distance } from 'fastest-levenshtein';
import { CommandError, EXIT } from './exit.ts';

/**
 * A text as the one of some words that it is. Fails with exit code 2, naming the words, and the nearest where it is near.
 *
 * @param where what was typed, as the message names it, such as `--reason`
 */
export function oneOf<const T extends string>(where: string, text: string, words: readonly T[]): T {
  const found = words.find((word) => word === text);
  if (found !== undefined) return found;
  const nearest = closest(text, [...words]);
  const isNear = distance(text, nearest) <= nearest.length / 2;
  const meant = isNear ? `; did you mean "${nearest}"?` : '';
  throw new CommandError(EXIT.usage, `${where} "${text}": expected one of ${words.join(', ')}${meant}`);
}
