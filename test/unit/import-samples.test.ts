import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { importSamples } from '../../activities/import-samples.ts';
import { jsonLinesBytes, readJson, readJsonLines } from '../../activities/io/store/json.ts';
import { sha256Hex } from '../../domain/fingerprint.ts';
import { sampleKey } from '../../domain/keys.ts';
import { Instruction, LeftOut } from '../../domain/schemas/instruction.ts';
import { Sample } from '../../domain/schemas/sample.ts';
import { inActivity } from '../samples.ts';
import { activityDeps } from './activity-deps.ts';

const RUN = { run: 'r', revision: 1 };
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'import-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function importRows(bytes: Uint8Array, overrides: readonly string[] = []) {
  const deps = await activityDeps(folder, undefined as never, [
    'imports=[{file: inputs/rows}]',
    'filter.minWords=5',
    ...overrides,
  ]);
  await deps.store.putView('inputs/rows', bytes);
  const result = await inActivity(() => importSamples(deps, RUN));
  const instructions = await readJsonLines(deps.store, result.key, Instruction);
  const sampleOf = (prompt: string) => readJson(deps.store, sampleKey('r', sha256Hex(prompt).slice(0, 16)), Sample);
  const leftOutRows = await readJsonLines(deps.store, result.leftOutKey, LeftOut);
  return { ...result, instructions, leftOutRows, sampleOf };
}

const messages = (prompt: string, text: string) => ({
  messages: [
    { role: 'user', content: prompt },
    { role: 'assistant', content: text },
  ],
});

describe('importSamples', () => {
  test("takes the published LongWriter-6k's messages and write.py's sections in as samples, through the filters", async () => {
    const { instructions, sampleOf, ...counts } = await importRows(
      jsonLinesBytes([
        messages('Write a 2,000-word tale of a lighthouse.', 'The lamp turned over the black water all night.'),
        {
          prompt: 'Write about mills.',
          plan: 'Paragraph 1 - Main Point: ...',
          write: ['Paragraph 1: The mill stood by the river.', '**Paragraph 2**\nIt turned.'],
        },
        messages('Write about fog.', 'Too short.'),
      ]),
    );
    expect(counts).toMatchObject({ read: 3, imported: 3, leftOut: {} });
    expect(instructions).toMatchObject([
      { prompt: 'Write a 2,000-word tale of a lighthouse.', length: 2000, imported: true },
      { prompt: 'Write about mills.', imported: true },
      { prompt: 'Write about fog.', imported: true },
    ]);
    expect(await sampleOf('Write about mills.')).toMatchObject({
      origin: 'imported',
      verdict: 'kept',
      text: 'The mill stood by the river.\n\nIt turned.',
      words: 8,
      sections: [{ words: 6 }, { words: 2 }],
    });
    expect(await sampleOf('Write about fog.')).toMatchObject({ verdict: 'rejected', reason: 'too-short' });
  });

  test('leaves a text that came whole as it is, whatever its headings are', async () => {
    const text = 'Part 1: The Storm\n\nIt came at night.\n\nPart 2: The Calm\n\nIt went by day.';
    const { sampleOf } = await importRows(jsonLinesBytes([messages('Write about storms.', text)]));
    expect(await sampleOf('Write about storms.')).toMatchObject({ text, sections: [] });
  });

  test('never takes what the released scripts write when a call has failed for a text', async () => {
    const { sampleOf } = await importRows(
      jsonLinesBytes([
        { prompt: 'Write about bells.', write: ['The bells rang over the whole town that day.', 'Max tries. Failed.'] },
      ]),
    );
    expect(await sampleOf('Write about bells.')).toMatchObject({ verdict: 'rejected', reason: 'failure-text' });
  });

  test('counts duplicates and broken rows, or names the first broken one, as the configuration says', async () => {
    const good = JSON.stringify(messages('Write about snow.', 'The snow fell on the roofs all day.'));
    const bytes = new TextEncoder().encode(`${good}\n{"broken\n${good}\n{"prompt": "no text"}\n`);
    const { instructions, leftOutRows, ...counts } = await importRows(bytes, ['instructions.badRows=reject']);
    expect(counts).toMatchObject({ read: 4, imported: 1, leftOut: { 'bad-row': 2, duplicate: 1 } });
    expect(leftOutRows).toEqual([
      { source: 'inputs/rows', line: 2, step: 'bad-row', detail: expect.any(String) },
      expect.objectContaining({
        line: 3,
        step: 'duplicate',
        detail: 'a second text for the instruction of inputs/rows:1',
      }),
      expect.objectContaining({ line: 4, step: 'bad-row' }),
    ]);
    expect(instructions).toHaveLength(1);
    await expect(importRows(bytes)).rejects.toMatchObject({
      type: 'Instructions.Invalid',
      message: expect.stringContaining('inputs/rows:2:'),
    });
  });
});
