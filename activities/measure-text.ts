import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { TextMeasures } from '../domain/filter.ts';
import { repeatedShare } from '../domain/repetition.ts';

const compress = promisify(gzip);
const GRAM_TOKENS = 8;

/** How repetitive a text is. Compression is by gzip, level 1, on a thread of Node's pool. */
export async function measureText(text: string): Promise<TextMeasures> {
  const bytes = Buffer.from(text);
  const compressing = compress(bytes, { level: 1 });
  const repeated = repeatedShare(text, GRAM_TOKENS);
  return { compressionRatio: round(bytes.byteLength / (await compressing).byteLength), repeated: round(repeated) };
}

const round = (value: number): number => Math.round(value * 1e4) / 1e4;
