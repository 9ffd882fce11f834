import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { fileStore } from '../../../activities/io/store/file.ts';
import {
  CorruptObjectError,
  findJson,
  jsonBytes,
  jsonLinesBytes,
  parseJsonLines,
  readJson,
  readJsonLines,
  readText,
} from '../../../activities/io/store/json.ts';
import type { Store } from '../../../activities/io/store/store.ts';

const Row = z.strictObject({ id: z.string(), count: z.number() });

let folder: string;
let store: Store;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'longwriter-json-'));
  store = fileStore(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('JSON in a store', () => {
  it('comes back as it went in', async () => {
    await store.putView('row.json', jsonBytes({ id: '写\u2028', count: 1 }));
    expect(await readJson(store, 'row.json', Row)).toEqual({ id: '写\u2028', count: 1 });
    expect(await findJson(store, 'row.json', Row)).toEqual({ id: '写\u2028', count: 1 });
  });

  it('is undefined, or Missing, where there is nothing', async () => {
    expect(await findJson(store, 'absent.json', Row)).toBeUndefined();
    const missing = { name: 'StoreError', problem: 'Missing' };
    await expect(readJson(store, 'absent.json', Row)).rejects.toMatchObject(missing);
    await expect(readText(store, 'absent.json')).rejects.toThrow(`absent.json is not in store ${folder}`);
  });

  it.each([
    ['broken JSON', new TextEncoder().encode('{"id": '), 'not valid JSON'],
    ['nothing', new Uint8Array(), 'not valid JSON'],
    ['another shape', jsonBytes({ id: 'a', count: '1' }), 'count: '],
    ['no object', jsonBytes(null), 'the object: '],
    ['bytes that are no UTF-8', Uint8Array.of(0x22, 0xff, 0x22), 'not valid UTF-8'],
  ])('is corrupt, by its path, where it holds %s', async (_, content, message) => {
    await store.putView('corrupt.json', content);
    const failed = readJson(store, 'corrupt.json', Row);
    await expect(failed).rejects.toThrow(CorruptObjectError);
    await expect(failed).rejects.toThrow(/^corrupt\.json: /);
    await expect(failed).rejects.toThrow(message);
    await expect(findJson(store, 'corrupt.json', Row)).rejects.toThrow(CorruptObjectError);
  });
});

describe('JSON Lines in a store', () => {
  it('come back as they went in, whatever the texts hold', async () => {
    const rows = fc.array(fc.record({ id: fc.string({ unit: 'grapheme' }), count: fc.integer() }));
    await fc.assert(
      fc.asyncProperty(rows, async (given) => {
        await store.putView('rows.jsonl', jsonLinesBytes(given));
        expect(await readJsonLines(store, 'rows.jsonl', Row)).toEqual(given);
      }),
      { numRuns: 30 },
    );
  });

  it('pass over empty lines and name the line that is wrong', () => {
    expect(parseJsonLines('rows.jsonl', '{"id":"a","count":1}\r\n\n{"id":"b","count":2}', Row)).toHaveLength(2);
    expect(() => parseJsonLines('rows.jsonl', '{"id":"a","count":1}\n\n{"id":"b"}\n', Row)).toThrow(
      /^rows\.jsonl:3: count: /,
    );
    expect(() => parseJsonLines('rows.jsonl', '{"id":"a","count":1}\n{"id":', Row)).toThrow(
      'rows.jsonl:2: not valid JSON',
    );
  });
});
