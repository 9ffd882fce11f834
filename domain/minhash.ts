import { eachGram, mix } from './tokens.ts';

/** Bins of a signature; each leaves one bit. */
const BINS = 1024;
/** Words of 32 bits of a signature. */
export const SIGNATURE_WORDS = BINS / 32;
/** Bands that a signature is looked up by. */
export const BANDS = 32;

const EMPTY = 0x7fffffff;
const GOLDEN = 0x9e3779b9 | 0;
/** Share of the pairs exactly at the threshold that must become candidates, at least. */
const RECALL = 0.995;

/** A text's MinHash; the arrays are written over by the next text. */
export interface MinHash {
  /** One bit a bin: two texts of Jaccard similarity s share (1 + s) / 2 of them. */
  readonly bits: Int32Array;
  /** One key a band: two texts of similarity s share each with probability s to the power of the rows. */
  readonly keys: Int32Array;
}

/**
 * Reads texts into MinHashes of their sets of n-grams; a text of fewer tokens is one gram, so it is like none but its equals.
 *
 * One permutation of the grams is cut into 1,024 bins, of which each keeps its least gram, so a gram is hashed once; bins
 * that stay empty borrow from full ones, and each bin leaves one bit. A thousand bits estimate a similarity of 0.8 within
 * 0.019 (one standard deviation), where 128 bytes of 8 bits would within 0.035.
 *
 * Sources: one permutation hashing, Li, Owen and Zhang 2012 (arXiv 1208.1259); the borrowing, "fast densification" of Mai et
 * al., UAI 2019; the bits, b-bit minwise hashing of Li and König 2010 (arXiv 0910.3349).
 * @param rows bins that make a band, as {@link rowsFor} gives them
 */
export function minHasher(gramTokens: number, rows: number): (text: string) => MinHash {
  const least = new Int32Array(BINS);
  const bits = new Int32Array(SIGNATURE_WORDS);
  const keys = new Int32Array(BANDS);
  const keep = (low: number, high: number): void => {
    const bin = mix(low) >>> 22;
    const value = mix(high);
    if (value < least[bin]!) least[bin] = value;
  };
  return (text) => {
    least.fill(EMPTY);
    const tokens = eachGram(text, gramTokens, keep);
    if (tokens === 0) keep(0, 0);
    else if (tokens < gramTokens) eachGram(text, tokens, keep);
    fillEmptyBins(least);
    for (let word = 0; word < SIGNATURE_WORDS; word++) bits[word] = bitsOf(least, word * 32);
    for (let band = 0; band < BANDS; band++) keys[band] = keyOf(least, band * rows, rows);
    return { bits, keys };
  };
}

/** In rounds, each full bin writes to one bin that chance names, if that is still empty: equal sets fill alike. */
function fillEmptyBins(least: Int32Array): void {
  const full: number[] = [];
  for (let bin = 0; bin < BINS; bin++) if (least[bin] !== EMPTY) full.push(bin);
  let missing = BINS - full.length;
  // A bin written to in an earlier round gives nothing on, or a gram's share of the bins would depend on luck twice.
  const values = full.map((bin) => least[bin]!);
  for (let round = 1; missing > 0; round++) {
    for (let index = 0; index < full.length; index++) {
      const bin = mix(Math.imul(full[index]! + 1, GOLDEN) + round) >>> 22;
      if (least[bin] !== EMPTY) continue;
      least[bin] = values[index]!;
      missing--;
    }
  }
}

/** One bit for each of 32 bins. The bin joins in, or a text of one gram would have 1,024 equal bits. */
function bitsOf(least: Int32Array, from: number): number {
  let word = 0;
  for (let bin = from; bin < from + 32; bin++) word = (word << 1) | (mix(least[bin]! + Math.imul(bin, GOLDEN)) & 1);
  return word;
}

function keyOf(least: Int32Array, from: number, rows: number): number {
  let key = from;
  for (let bin = from; bin < from + rows; bin++) key = mix(Math.imul(key, 31) + least[bin]!);
  return key;
}

/** How many of the bits may differ for a similarity to be estimated at a threshold or above. */
export function mostDifferences(threshold: number): number {
  return Math.floor(((1 - threshold) * BINS) / 2);
}

/** The similarity that so many different bits speak for, 0 to 1: half of the bits of what is unlike are equal by chance. */
export function similarityOf(differences: number): number {
  return Math.max(0, 1 - (2 * differences) / BINS);
}

/** The chance that two texts of a similarity share a band of so many rows: 1 - (1 - s^rows)^32. */
export function candidateChance(similarity: number, rows: number): number {
  return 1 - (1 - similarity ** rows) ** BANDS;
}

/**
 * The most rows with which texts exactly as alike as the threshold become candidates 995 times in 1,000: few that are less
 * alike are then compared for nothing. 8 for a threshold of 0.8, where the chance is 0.997 at 0.8, 0.85 at 0.7, 0.42 at 0.6,
 * 0.02 at 0.4 and 0.0001 at 0.2; 5 for 0.7, 3 for 0.6, 2 for 0.5, and 1 below 0.4, where many are compared for nothing.
 */
export function rowsFor(threshold: number): number {
  let rows = 1;
  while ((rows + 1) * BANDS <= BINS && candidateChance(threshold, rows + 1) >= RECALL) rows++;
  return rows;
}

/** How many bits of a signature differ from one that stands in an array; above `most`, some number above it. */
export function differencesFrom(bits: Int32Array, signatures: Int32Array, from: number, most: number): number {
  let count = 0;
  for (let word = 0; word < SIGNATURE_WORDS && count <= most; word++) {
    let ones = bits[word]! ^ signatures[from + word]!;
    ones -= (ones >>> 1) & 0x55555555;
    ones = (ones & 0x33333333) + ((ones >>> 2) & 0x33333333);
    count += Math.imul((ones + (ones >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
  }
  return count;
}
