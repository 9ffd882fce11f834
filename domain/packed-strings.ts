/** Strings in order, each read by its index. */
export interface PackedStrings {
  readonly push: (text: string) => void;
  readonly at: (index: number) => string;
  readonly size: () => number;
  readonly sizeBytes: () => number;
}

/** Bytes that a string has room for at first, on average: the hex characters of an id. */
const USUAL_BYTES = 16;

/**
 * Strings in a byte for each Latin character, and in two for each unit where there are others: a string of JavaScript's own
 * takes 24 bytes more, and may keep alive a text of 60 KB that it was cut from.
 * @param capacity how many strings at most
 */
export function packedStrings(capacity: number): PackedStrings {
  let bytes = new Uint8Array(USUAL_BYTES * capacity);
  // Twice the end of each string's bytes, and 1 more where a unit takes two bytes.
  const ends = new Float64Array(capacity);
  let size = 0;
  const endOf = (index: number): number => (index < 0 ? 0 : Math.floor(ends[index]! / 2));
  return {
    push(text) {
      let end = endOf(size - 1);
      const isWide = /[^\0-\xff]/.test(text);
      const needed = end + text.length * (isWide ? 2 : 1);
      if (needed > bytes.length) {
        const grown = new Uint8Array(Math.max(needed, Math.ceil(1.5 * bytes.length)));
        grown.set(bytes);
        bytes = grown;
      }
      for (let index = 0; index < text.length; index++) {
        const unit = text.charCodeAt(index);
        bytes[end++] = unit;
        if (isWide) bytes[end++] = unit >> 8;
      }
      ends[size++] = 2 * end + (isWide ? 1 : 0);
    },
    at(index) {
      const end = endOf(index);
      const isWide = ends[index]! % 2 === 1;
      let text = '';
      for (let byte = endOf(index - 1); byte < end; byte += isWide ? 2 : 1)
        text += String.fromCharCode(bytes[byte]! | (isWide ? bytes[byte + 1]! << 8 : 0));
      return text;
    },
    size: () => size,
    sizeBytes: () => bytes.byteLength + ends.byteLength,
  };
}
