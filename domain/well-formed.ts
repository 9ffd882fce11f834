/** A text with U+FFFD for each half of a surrogate pair that stands alone: readers of JSON refuse a file that holds one. */
export function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\ufffd');
}
