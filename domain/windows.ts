import { eachToken } from './tokens.ts';

/** Letters of a run without a space that count as one word to be read: nobody's word is longer, and a hostile text may be one. */
const LETTERS_OF_A_WORD = 20;

/** How far from its place a cut may be for the sake of a paragraph's or a sentence's end, in parts of a window. */
const SLACK = 0.1;

/** A place where a text can be cut, and the words to be read before it. */
interface Place {
  readonly at: number;
  readonly words: number;
  /** 2 at the end of a paragraph, 1 of a sentence, 0 between two words. */
  readonly rank: number;
}

/** Words that somebody reads in a text: runs of letters and digits of any script, and Chinese or Japanese characters. */
export function wordsToRead(text: string): number {
  return placesOf(text).at(-1)!.words;
}

/**
 * A text in so few windows that each has at most so many words to be read, about as many each, cut near there at the end of
 * a paragraph or else of a sentence. Joined they are the text.
 */
export function windowsWithin(text: string, words: number): string[] {
  const all = wordsToRead(text);
  // Cuts that look for an end nearby make a window longer by their slack.
  return all <= words ? [text] : inWindows(text, Math.ceil(all / (words * (1 - 2 * SLACK))));
}

/** A text in windows of about so many words to be read; what is left at the end is one where it has at least half of them. */
export function windowsOf(text: string, words: number): string[] {
  return inWindows(text, Math.max(1, Math.round(wordsToRead(text) / words)), words);
}

/** A text in so many windows, each of an equal share or of so many words and the last one with the rest. */
export function inWindows(text: string, count: number, words?: number): string[] {
  const places = placesOf(text);
  const each = words ?? places.at(-1)!.words / count;
  const cuts = [0];
  let next = 0;
  for (let window = 1; window < count; window++) {
    const target = window * each;
    while (next < places.length && places[next]!.words < target - SLACK * each) next++;
    let best: Place | undefined;
    for (let index = next; index < places.length; index++) {
      const place = places[index]!;
      if (best && place.words > target + SLACK * each) break;
      if (place.at > cuts.at(-1)! && isBetter(place, best, target)) best = place;
    }
    if (best) cuts.push(best.at);
  }
  return cuts.map((at, index) => text.slice(at, cuts[index + 1])).filter((window) => window !== '');
}

function isBetter(place: Place, best: Place | undefined, target: number): boolean {
  if (!best || place.rank !== best.rank) return !best || place.rank > best.rank;
  return Math.abs(place.words - target) < Math.abs(best.words - target);
}

/** The places where a text can be cut, in order: before each of its words, within what has no end, and at its end. */
function placesOf(text: string): Place[] {
  const places: Place[] = [];
  let words = 0;
  let last = 0;
  eachToken(text, (_, start, end, isMark) => {
    if (isMark) return;
    places.push({ words, ...cutBetween(text.slice(last, start), last) });
    for (let at = start + LETTERS_OF_A_WORD; at < end; at += LETTERS_OF_A_WORD)
      places.push({ at: isSecondHalf(text, at) ? at + 1 : at, words: ++words, rank: 0 });
    words++;
    last = end;
  });
  places.push({ at: text.length, words, rank: 0 });
  return places;
}

const isSecondHalf = (text: string, at: number): boolean => (text.charCodeAt(at) & 0xfc00) === 0xdc00;

const PARAGRAPH = /^[^]*\n[^\S\n]*\n\s*/u;
const SENTENCE = /^[^]*(?:[.!?…。！？]["'”’»」』）)\]*_]*\s|[。！？]|\n)\s*/u;

/** Where the text between two words is best cut: marks stay with what they end or open. */
function cutBetween(between: string, from: number): Omit<Place, 'words'> {
  const paragraph = PARAGRAPH.exec(between);
  if (paragraph) return { at: from + paragraph[0].length, rank: 2 };
  const sentence = SENTENCE.exec(between);
  if (sentence) return { at: from + sentence[0].length, rank: 1 };
  return { at: from + between.length, rank: 0 };
}
