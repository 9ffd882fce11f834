/** The released benchmark files, by the SHA-256 of their bytes. Source: THUDM/LongWriter, evaluation/, commit 3fcfdff. */
const RELEASED: Readonly<Record<string, string>> = {
  '1f6e99497cc24d65894d65e014062f398ba946ebdd254b7f8b339e48d3ab5779': 'LongBench-Write',
  '87800927761f340e48899e4df5d47fb7211ad4936a63420dbfa979660414259f': 'LongBench-Write, English',
  a1d4ebf0df0fa1600567691d11c9a52de3037c4a372970ed2e8f52f2889e0a62: 'LongWrite-Ruler',
};

/** A benchmark as people write it, told from its store path: a released one by its name, any by the hash of its bytes. */
export function benchmarkName(path: string): string {
  const hash = /[0-9a-f]{64}/.exec(path)?.[0];
  if (hash === undefined) return path;
  const name = RELEASED[hash];
  return `${name === undefined ? '' : `${name}, `}SHA-256 ${hash.slice(0, 12)}`;
}

/** Whether a store path is that of LongBench-Write's 120 prompts. */
export function isLongBenchWrite(path: string): boolean {
  return RELEASED[/[0-9a-f]{64}/.exec(path)?.[0] ?? ''] === 'LongBench-Write';
}
