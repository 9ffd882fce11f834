import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { nearDuplicates } from '../../domain/near-duplicates.ts';

/** Searches the answers of a JSONL file for near-duplicates: `near-duplicate-search.ts FILE THRESHOLD GRAM_TOKENS`; prints one JSON line. */
const [file, threshold, gramTokens] = process.argv.slice(2);

const near = nearDuplicates({ threshold: Number(threshold), gramTokens: Number(gramTokens) });
const startedAt = performance.now();
let rows = 0;
let duplicates = 0;
for await (const line of createInterface({ input: createReadStream(file!), crlfDelay: Infinity })) {
  const { messages } = JSON.parse(line) as { messages: { content: string }[] };
  if (near.add(rows.toString(16).padStart(16, '0'), messages.at(-1)!.content)) duplicates++;
  rows++;
}
const seconds = (performance.now() - startedAt) / 1000;
console.log(
  JSON.stringify({ rows, seconds, peakMegabytes: Math.round(process.resourceUsage().maxRSS / 1024), duplicates }),
);
