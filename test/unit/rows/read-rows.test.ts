import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetWriteFile } from 'hyparquet-writer';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formOf, readRows, RowsError, type RowForm } from '../../../activities/io/rows/read-rows.ts';

const PYTHON = '.longwriter/python/trainer/bin/python';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rows-'));
});
afterAll(() => rm(folder, { recursive: true }));

const file = async (name: string, content: string | Uint8Array): Promise<string> => {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
};

async function all(path: string, form: RowForm, options = {}) {
  const rows = [];
  for await (const row of readRows(path, form, options)) rows.push(row);
  return rows;
}

describe('JSON Lines', () => {
  test('each object is a row with its line, blank lines, carriage returns and a byte-order mark aside', async () => {
    const path = await file('good.jsonl', '\uFEFF{"a":1}\r\n\r\n  \n{"a":"字"}\n{"a":3}');
    expect(await all(path, 'jsonl')).toEqual([
      { line: 1, value: { a: 1 } },
      { line: 4, value: { a: '字' } },
      { line: 5, value: { a: 3 } },
    ]);
  });

  test('what is no object is a problem of its line, and the lines after it are read', async () => {
    const broken = Buffer.concat([
      Buffer.from('{"a":1\n[1]\nnull\n"text"\n{"a":"'),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('"}\n{"a":2}\n'),
    ]);
    expect(await all(await file('broken.jsonl', broken), 'jsonl')).toEqual([
      { line: 1, problem: 'not valid JSON' },
      { line: 2, problem: 'expected a JSON object, found an array' },
      { line: 3, problem: 'expected a JSON object, found null' },
      { line: 4, problem: 'expected a JSON object, found a string' },
      { line: 5, problem: 'not valid UTF-8' },
      { line: 6, value: { a: 2 } },
    ]);
  });

  test('a line of 50 MB is a problem that is never held', async () => {
    const path = join(folder, 'long.jsonl');
    const out = createWriteStream(path);
    out.write('{"a":"');
    for (let written = 0; written < 50; written++) if (!out.write('x'.repeat(1e6))) await once(out, 'drain');
    out.end('"}\n{"a":2}\n');
    await once(out, 'finish');
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    const rows = [];
    for await (const row of readRows(path, 'jsonl')) {
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
      rows.push(row);
    }
    expect(rows).toEqual([
      { line: 1, problem: 'a line of 50000008 bytes, more than the 16000000 that one may have' },
      { line: 2, value: { a: 2 } },
    ]);
    expect(most).toBeLessThan(45e6);
  });

  test('a line that lies over many pieces of the file is read as one', async () => {
    const text = '字'.repeat(1_000_000);
    const path = await file('pieces.jsonl', `${JSON.stringify({ text })}\n${JSON.stringify({ text: 'b' })}`);
    expect(await all(path, 'jsonl')).toEqual([
      { line: 1, value: { text } },
      { line: 2, value: { text: 'b' } },
    ]);
  });

  test('a file that is not there is an error of one line', async () => {
    await expect(all(join(folder, 'none'), 'jsonl')).rejects.toThrow(
      new RowsError(`${folder}/none: cannot be read (ENOENT)`),
    );
    await expect(formOf(join(folder, 'none'))).rejects.toThrow('/none: cannot be read (ENOENT)');
  });

  test('plain lines are prompts', async () => {
    expect(await all(await file('prompts.txt', 'one\n\n{"two"\n'), 'lines')).toEqual([
      { line: 1, value: { prompt: 'one' } },
      { line: 3, value: { prompt: '{"two"' } },
    ]);
  });
});

describe('Parquet', () => {
  const written = (name: string, rowGroupSize = 2): string => {
    const filename = join(folder, name);
    parquetWriteFile({
      filename,
      rowGroupSize,
      columnData: [
        { name: 'prompt', data: ['a', '写', 'c', 'd', 'e'], type: 'STRING' },
        { name: 'length', data: [1n, 2n, 3n, 2n ** 60n, -5n], type: 'INT64' },
      ],
    });
    return filename;
  };

  test('rows of every row group come out in order, with whole numbers as numbers where they are safe', async () => {
    const path = written('groups.parquet');
    expect(await formOf(path)).toBe('parquet');
    expect(await all(path, 'parquet')).toEqual([
      { line: 1, value: { prompt: 'a', length: 1 } },
      { line: 2, value: { prompt: '写', length: 2 } },
      { line: 3, value: { prompt: 'c', length: 3 } },
      { line: 4, value: { prompt: 'd', length: '1152921504606846976' } },
      { line: 5, value: { prompt: 'e', length: -5 } },
    ]);
  });

  test('only the named columns are read, and one that is not there is missing in the rows', async () => {
    const path = written('columns.parquet');
    expect((await all(path, 'parquet', { columns: ['prompt', 'type'] }))[0]).toEqual({
      line: 1,
      value: { prompt: 'a' },
    });
    expect(await all(path, 'parquet', { columns: ['type'] })).toHaveLength(5);
  });

  test('text that is not UTF-8 is a problem of its row', async () => {
    const filename = join(folder, 'bytes.parquet');
    parquetWriteFile({
      filename,
      columnData: [
        { name: 'prompt', data: [Buffer.from('a'), Buffer.from([0xff]), Buffer.from('c')], type: 'BYTE_ARRAY' },
      ],
    });
    expect(await all(filename, 'parquet')).toEqual([
      { line: 1, value: { prompt: 'a' } },
      { line: 2, problem: 'column "prompt": not valid UTF-8' },
      { line: 3, value: { prompt: 'c' } },
    ]);
  });

  test('a file that is no Parquet, cut short or damaged is an error of one line', async () => {
    const whole = await readFile(written('whole.parquet'));
    const damaged = Buffer.from(whole);
    damaged.fill(0xff, 4, 60);
    for (const [name, bytes, message] of [
      ['none.parquet', Buffer.from('{"a":1}\n'), 'is no Parquet file, or is cut short'],
      ['empty.parquet', Buffer.alloc(0), 'is no Parquet file, or is cut short'],
      ['cut.parquet', whole.subarray(0, whole.length - 20), 'is no Parquet file, or is cut short'],
      ['damaged.parquet', damaged, 'row group 1 of 3 cannot be read'],
    ] as const) {
      const error = await all(await file(name, bytes), 'parquet').catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(RowsError);
      expect((error as Error).message).toContain(`${name}: ${message}`);
      expect((error as Error).message).not.toContain('\n');
    }
  });

  test("pyarrow's files, of every usual compression, give conversations as plain JSON", async () => {
    const compressions = ['snappy', 'zstd', 'gzip', 'brotli', 'none'];
    const rows = [
      {
        conversation: [
          { role: 'user', content: 'write', toxic: false },
          { role: 'assistant', content: 'no', toxic: false },
        ],
        turn: 1,
        language: 'English',
        time: null,
      },
      { conversation: [], turn: 2, language: null, time: null },
      { conversation: null, turn: null, language: '', time: 1_700_000_000_123 },
    ];
    execFileSync(PYTHON, ['-c', WRITE, folder, JSON.stringify(rows), ...compressions]);
    for (const compression of compressions)
      expect(await all(join(folder, `${compression}.parquet`), 'parquet')).toEqual([
        { line: 1, value: rows[0] },
        { line: 2, value: rows[1] },
        { line: 3, value: { ...rows[2], time: '2023-11-14T22:13:20.123Z' } },
      ]);
  }, 30_000);
});

const WRITE = `
import json, sys, pyarrow as pa, pyarrow.parquet as pq
folder, rows, *compressions = sys.argv[1:]
turn = pa.struct([("role", pa.string()), ("content", pa.string()), ("toxic", pa.bool_())])
schema = pa.schema([("conversation", pa.list_(turn)), ("turn", pa.int64()), ("language", pa.string()), ("time", pa.timestamp("ms"))])
table = pa.Table.from_pylist(json.loads(rows), schema=schema)
for compression in compressions:
    pq.write_table(table, f"{folder}/{compression}.parquet", compression=compression, row_group_size=2)
`;
