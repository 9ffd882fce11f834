import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LineFileWriter, LineIndex, linesOf } from '../../activities/io/rows/line-file.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lines-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function all(file: string): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of linesOf(file)) lines.push(line);
  return lines;
}

describe('a file of lines', () => {
  it('gives back every line, in order and by its place, whatever is in it', async () => {
    const file = join(folder, 'any.jsonl');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.json({ stringUnit: 'binary' })), async (lines) => {
        const writer = new LineFileWriter(file);
        for (const line of lines) await writer.write(line);
        expect(await writer.close()).toBe(lines.length);
        expect(await all(file)).toEqual(lines);
        const index = await LineIndex.open(file, lines.length, () => undefined);
        try {
          for (const at of [...lines.keys()].toReversed()) expect(await index.read(at)).toBe(lines[at]);
        } finally {
          await index.close();
        }
      }),
      { numRuns: 50 },
    );
  });

  it('splits at line feeds alone, across the pieces that it reads', async () => {
    const file = join(folder, 'long.txt');
    const lines = ['a\u2028b\u2029c\rd', '中文'.repeat(900_000), '', 'x'.repeat(3_000_001)];
    await writeFile(file, lines.join('\n'));
    expect(await all(file)).toEqual(lines);
  });

  it('fails when the file cannot be written', async () => {
    const writer = new LineFileWriter(join(folder, 'missing', 'file'));
    await expect(writer.write('x'.repeat(2 << 20)).then(() => writer.close())).rejects.toThrow(/ENOENT/);
  });
});
