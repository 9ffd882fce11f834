import { sha256Hex } from './fingerprint.ts';
import type { Split } from './schemas/dataset.ts';

/** Which split a sample is in, by the hash of its id: the same one in every dataset that it is part of. */
export function splitOf(sample: string, testFraction: number): Split {
  if (testFraction === 0) return 'train';
  return Number.parseInt(sha256Hex(sample).slice(0, 8), 16) / 2 ** 32 < testFraction ? 'test' : 'train';
}

/** The name of a split's files, without their endings; the train split has the dataset's own. */
export function splitName(name: string, split: Split): string {
  return split === 'train' ? name : `${name}-${split}`;
}
