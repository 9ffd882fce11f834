import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Store } from '../activities/io/store/store.ts';
import type { Split } from '../domain/schemas/dataset.ts';
import type { RunDataset } from './dataset.ts';

const NEWLINE = 0x0a;

/** SHA-256 of the training row of each kept sample, by sample; reads the rows in constant memory. */
export async function rowHashes(store: Store, { folder, manifest, entries }: RunDataset): Promise<Map<string, string>> {
  const hashes = new Map<string, string>();
  const temporary = await mkdtemp(join(tmpdir(), 'longwriter-dataset-'));
  try {
    for (const [split, file] of Object.entries(splitFiles(manifest.files.map(({ path }) => path)))) {
      const local = join(temporary, split);
      await store.download(`${folder}/${file}`, local);
      const samples = new Map(
        entries.filter((entry) => entry.split === split).map(({ row, sample }) => [row!, sample]),
      );
      let row = 0;
      for await (const hash of lineHashes(local)) {
        const sample = samples.get(row++);
        if (sample !== undefined) hashes.set(sample, hash);
      }
      await rm(local);
    }
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  return hashes;
}

/** The JSON Lines of each split: the shortest name is the train split's, `…-test.jsonl` beside it the test split's. */
function splitFiles(paths: readonly string[]): { readonly [S in Split]?: string } {
  const lines = paths.filter(
    (path) => path.endsWith('.jsonl') && path !== 'samples.jsonl' && path !== 'rejections.jsonl',
  );
  const [train, test] = lines.toSorted((a, b) => a.length - b.length);
  return { ...(train === undefined ? {} : { train }), ...(test === undefined ? {} : { test }) };
}

async function* lineHashes(file: string): AsyncGenerator<string> {
  let hash = createHash('sha256');
  let isEmpty = true;
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      yield hash.update(chunk.subarray(start, end)).digest('hex');
      hash = createHash('sha256');
      isEmpty = true;
      start = end + 1;
    }
    hash.update(chunk.subarray(start));
    isEmpty &&= start === chunk.length;
  }
  if (!isEmpty) yield hash.digest('hex');
}
