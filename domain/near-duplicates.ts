import {
  BANDS,
  differencesFrom,
  minHasher,
  mostDifferences,
  rowsFor,
  SIGNATURE_WORDS,
  similarityOf,
} from './minhash.ts';
import { packedStrings, type PackedStrings } from './packed-strings.ts';

export interface NearDuplicateSettings {
  /** Estimated Jaccard similarity of their sets of n-grams, above 0 to 1, from which on two texts are near-duplicates. */
  readonly threshold: number;
  /** Tokens of an n-gram, 1 or more. */
  readonly gramTokens: number;
}

/** An earlier text that one is near to. */
export interface NearDuplicate {
  readonly id: string;
  /** The estimated Jaccard similarity, threshold to 1. */
  readonly similarity: number;
}

export interface NearDuplicates {
  /** The earliest kept text that this one is near to; where there is none, it is itself kept under its id. */
  readonly add: (id: string, text: string) => NearDuplicate | undefined;
  /** Bytes of all that is remembered: some 280 for each kept text, and at most 19 MB over. */
  readonly sizeBytes: () => number;
}

/** Texts remembered together. What is full never moves: growing takes no copy, and no moment of twice the memory. */
interface Block {
  readonly capacity: number;
  readonly ids: PackedStrings;
  readonly signatures: Int32Array;
  /** Of each band an open hash table of texts' numbers in this block from 1 on, at most half full; 0 is a free slot. */
  readonly tables: Uint16Array;
  /** Slots of one table less one; a power of two less one. */
  readonly mask: number;
}

const FIRST_CAPACITY = 1024;
/** As many as 16 bits tell apart beside 0. */
const MAX_CAPACITY = 65_535;

/**
 * Finds near-duplicates among texts that come one by one, a million of them in some 300 MB: MinHash signatures, looked up by
 * bands, and what a band finds is judged by the estimate of all 1,024 bits. The same texts in the same order give the same
 * answers. Slow only where thousands are nearly near: 1.2 ms more a text with 16,000 of 0.6 kept and a threshold of 0.8.
 * Fails with RangeError for a threshold outside (0, 1] or grams of no token.
 */
export function nearDuplicates({ threshold, gramTokens }: NearDuplicateSettings): NearDuplicates {
  if (!(threshold > 0 && threshold <= 1)) throw new RangeError(`threshold ${threshold}: expected above 0 to 1`);
  if (!Number.isInteger(gramTokens) || gramTokens < 1)
    throw new RangeError(`gramTokens ${gramTokens}: expected 1 or more`);
  const read = minHasher(gramTokens, rowsFor(threshold));
  const most = mostDifferences(threshold);
  const blocks: Block[] = [];
  return {
    add(id, text) {
      const { bits, keys } = read(text);
      for (const block of blocks) {
        const found = find(block, bits, keys, most);
        if (found) return { id: block.ids.at(found.index), similarity: similarityOf(found.different) };
      }
      let last = blocks.at(-1);
      if (last === undefined || last.ids.size() === last.capacity) blocks.push((last = newBlock(blocks.length)));
      insert(last, id, bits, keys);
      return undefined;
    },
    sizeBytes: () =>
      blocks.reduce(
        (sum, { ids, signatures, tables }) => sum + ids.sizeBytes() + signatures.byteLength + tables.byteLength,
        0,
      ),
  };
}

function newBlock(number: number): Block {
  const capacity = Math.min(MAX_CAPACITY, FIRST_CAPACITY << number);
  const slots = 2 ** Math.ceil(Math.log2(2 * capacity));
  return {
    capacity,
    ids: packedStrings(capacity),
    signatures: new Int32Array(capacity * SIGNATURE_WORDS),
    tables: new Uint16Array(BANDS * slots),
    mask: slots - 1,
  };
}

/** The earliest text of a block that differs in no more bits than may. */
function find(
  { signatures, tables, mask }: Block,
  bits: Int32Array,
  keys: Int32Array,
  most: number,
): { readonly index: number; readonly different: number } | undefined {
  let earliest = MAX_CAPACITY;
  let different = 0;
  for (let band = 0; band < BANDS; band++) {
    const table = band * (mask + 1);
    for (let slot = keys[band]! & mask; tables[table + slot] !== 0; slot = (slot + 1) & mask) {
      const index = tables[table + slot]! - 1;
      if (index >= earliest) continue;
      const count = differencesFrom(bits, signatures, index * SIGNATURE_WORDS, most);
      if (count > most) continue;
      earliest = index;
      different = count;
    }
  }
  return earliest === MAX_CAPACITY ? undefined : { index: earliest, different };
}

function insert({ ids, signatures, tables, mask }: Block, id: string, bits: Int32Array, keys: Int32Array): void {
  const index = ids.size();
  ids.push(id);
  signatures.set(bits, index * SIGNATURE_WORDS);
  for (let band = 0; band < BANDS; band++) {
    const table = band * (mask + 1);
    let slot = keys[band]! & mask;
    while (tables[table + slot] !== 0) slot = (slot + 1) & mask;
    tables[table + slot] = index + 1;
  }
}
