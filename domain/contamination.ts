import { eachToken, gramHashes, mix } from './tokens.ts';

/** Tokens in a row that make an overlap: 13, as in appendix C of GPT-3's paper (Brown et al. 2020, arXiv 2005.14165). */
export const OVERLAP_TOKENS = 13;
/** A passage of fewer tokens is looked for nowhere: anybody may write five words. */
const SHORTEST_PASSAGE = 6;
const SHOWN_CHARACTERS = 200;

export interface Passage {
  /** What it is, such as `longbench-write 17`. */
  readonly source: string;
  readonly text: string;
}

export interface Overlap {
  readonly source: string;
  /** The overlapping stretch as it stands in the checked text, cut to 200 characters. */
  readonly text: string;
  readonly tokens: number;
}

export interface ContaminationIndex {
  /** The longest stretch that also stands in a passage, following one passage at a time; the earliest of equals. */
  readonly find: (text: string) => Overlap | undefined;
}

/** A text's tokens of letters and digits; punctuation changes from copy to copy. */
interface Words {
  readonly hashes: readonly number[];
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

interface IndexedPassage {
  readonly source: string;
  readonly hashes: readonly number[];
}

/** Where so many tokens in a row first stand in the passages that are searched by that many. */
interface GramTable {
  readonly n: number;
  /** By the gram's hash. */
  readonly places: Map<number, Place>;
  /** By the mixed hash's last bits 1 where a gram may be: most of a text's grams are none, and a map is slow to say so. */
  filter: Uint8Array;
}

interface Place {
  readonly passage: IndexedPassage;
  readonly start: number;
}

/**
 * Finds in texts what also stands in passages, such as the prompts of a benchmark: any so many tokens in a row, and a passage
 * of fewer, but six or more, where all of it stands there. A text is read once, in time that its length decides.
 * Fails with RangeError for grams of no token.
 * @param gramTokens {@link OVERLAP_TOKENS} by custom
 */
export function contaminationIndex(passages: readonly Passage[], gramTokens: number): ContaminationIndex {
  if (!Number.isInteger(gramTokens) || gramTokens < 1)
    throw new RangeError(`gramTokens ${gramTokens}: expected 1 or more`);
  const tables = new Map<number, GramTable>();
  for (const { source, text } of passages) {
    const { hashes } = wordsOf(text);
    const n = Math.min(gramTokens, hashes.length);
    if (n < gramTokens && n < SHORTEST_PASSAGE) continue;
    if (!tables.has(n)) tables.set(n, { n, places: new Map(), filter: new Uint8Array() });
    addGrams(tables.get(n)!, { source, hashes });
  }
  for (const table of tables.values()) table.filter = filterOf(table.places);
  return {
    find(text) {
      const words = wordsOf(text);
      let longest: Stretch | undefined;
      for (const table of tables.values()) {
        const found = longestStretch(words.hashes, table);
        if (found && !(longest && tokensIn(longest) >= tokensIn(found))) longest = found;
      }
      if (longest === undefined) return undefined;
      const shown = text
        .slice(words.starts[longest.start], words.ends[longest.end - 1])
        .slice(0, SHOWN_CHARACTERS)
        .replace(/[\ud800-\udbff]$/, '');
      return { source: longest.source, text: shown, tokens: tokensIn(longest) };
    },
  };
}

/** Tokens of a text, end exclusive, that stand in a passage. */
interface Stretch {
  readonly source: string;
  readonly start: number;
  readonly end: number;
}

const tokensIn = ({ start, end }: Stretch): number => end - start;

function wordsOf(text: string): Words {
  const words = { hashes: [] as number[], starts: [] as number[], ends: [] as number[] };
  eachToken(text, (hash, start, end, isMark) => {
    if (isMark) return;
    words.hashes.push(hash);
    words.starts.push(start);
    words.ends.push(end);
  });
  return words;
}

function addGrams({ n, places }: GramTable, passage: IndexedPassage): void {
  for (const [start, gram] of gramHashes(passage.hashes, n).entries())
    if (!places.has(gram)) places.set(gram, { passage, start });
}

function filterOf(places: Map<number, Place>): Uint8Array {
  const filter = new Uint8Array(2 ** Math.ceil(Math.log2(8 * places.size)));
  for (const gram of places.keys()) filter[mix(gram) & (filter.length - 1)] = 1;
  return filter;
}

/**
 * Follows the passage in which the last gram first stood while it goes along with the text; then looks anew, and takes to the
 * next one what stands in it before.
 */
function longestStretch(hashes: readonly number[], { n, places, filter }: GramTable): Stretch | undefined {
  const grams = gramHashes(hashes, n);
  const mask = filter.length - 1;
  let longest: Stretch | undefined;
  let place: Place | undefined;
  let start = 0;
  for (let from = 0; from < grams.length; from++) {
    const end = from + n;
    if (place === undefined || place.passage.hashes[place.start + end - 1 - start] !== hashes[end - 1]) {
      const gram = grams[from]!;
      place = filter[mix(gram) & mask] ? standing(places.get(gram), hashes, from, n) : undefined;
      start = from;
      while (place && place.start > 0 && start > 0 && place.passage.hashes[place.start - 1] === hashes[start - 1]) {
        place = { passage: place.passage, start: place.start - 1 };
        start--;
      }
    }
    if (place && end - start > (longest ? tokensIn(longest) : 0))
      longest = { source: place.passage.source, start, end };
  }
  return longest;
}

/** A place, unless its gram only has the hash of the text's. */
function standing(place: Place | undefined, hashes: readonly number[], from: number, n: number): Place | undefined {
  if (place === undefined) return undefined;
  for (let index = 0; index < n; index++)
    if (place.passage.hashes[place.start + index] !== hashes[from + index]) return undefined;
  return place;
}
