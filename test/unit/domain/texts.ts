/** Numbers 0 to 1 that a seed decides. Source: mulberry32 (bryc/code, PRNGs.md). */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), bits | 61)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Words drawn from a vocabulary of 20,000. */
export function drawWords(count: number, random: () => number): string[] {
  return Array.from({ length: count }, () => `w${Math.floor(20_000 * random()).toString(36)}`);
}

/** The same with a share of the words replaced, each by one that stands nowhere else. */
export function edited(words: readonly string[], share: number, random: () => number): string[] {
  return words.map((word, index) => (random() < share ? `new${index}x${Math.floor(1e9 * random())}` : word));
}
