import { createHash } from 'node:crypto';

/** Where something stands in a shuffled order: 48 bits of the SHA-256 of seed and identity, whatever else there is. */
export function orderKey(seed: number, identity: string): number {
  return createHash('sha256').update(`${seed}\n${identity}`).digest().readUIntBE(0, 6);
}

/** Indices of keys, by size of the key. */
export function sortedByKey(keys: Float64Array): Uint32Array {
  return Uint32Array.from(keys, (_, index) => index).toSorted((a, b) => keys[a]! - keys[b]! || a - b);
}
