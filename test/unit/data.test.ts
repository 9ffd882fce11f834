import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { BUCKETS } from '../../domain/evaluation.ts';
import { BenchmarkRow, InstructionRow } from '../../domain/schemas/instruction.ts';
import { missing } from '../parts.ts';

const OFFICIAL = new URL('../../../shared/data/longbench-write/', import.meta.url);

const TYPES = [
  'Literature and Creative Writing',
  'Academic and Monograph',
  'Popular Science',
  'Functional Writing',
  'News Report',
  'Community Forum',
  'Education and Training',
];

function readRows<T>(file: URL, schema: z.ZodType<T>): T[] {
  return readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => schema.parse(JSON.parse(line)));
}

/** Every run of `size` words that follow one another, in lower case. */
function shingles(prompts: readonly string[], size: number): Set<string> {
  return new Set(
    prompts.flatMap((prompt) => {
      const words = prompt.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
      return words.slice(size - 1).map((_, end) => words.slice(end, end + size).join(' '));
    }),
  );
}

const shared = (a: Set<string>, b: Set<string>) => [...a].filter((shingle) => b.has(shingle));
const promptsOf = (rows: readonly { prompt: string }[]) => rows.map(({ prompt }) => prompt);

const instructions = readRows(new URL('../../configs/data/instructions.jsonl', import.meta.url), InstructionRow);
const benchmark = readRows(new URL('../../configs/data/benchmark.jsonl', import.meta.url), BenchmarkRow);

const shortPrompts = readRows(new URL('../../configs/data/short-prompts.jsonl', import.meta.url), BenchmarkRow);

describe('the writing tasks that the project ships', () => {
  it('are 24 instructions, 12 prompts of a benchmark and 12 short ones, each of a type of LongBench-Write', () => {
    expect([instructions.length, benchmark.length, shortPrompts.length]).toEqual([24, 12, 12]);
    for (const { type } of [...instructions, ...benchmark, ...shortPrompts]) expect(TYPES).toContain(type);
  });

  it('say the required length in the prompt, as the only number', () => {
    for (const { prompt, length } of [...instructions, ...benchmark, ...shortPrompts]) {
      expect([prompt, prompt.match(/\d+/g)]).toEqual([prompt, [String(length)]]);
    }
  });

  it('ask for 350 to 800 words in an instruction, and for lengths of two buckets alike in the benchmark', () => {
    for (const { length } of instructions) expect(length! >= 350 && length! <= 800).toBe(true);
    for (const first of [6, 8, 12]) {
      const inside = BUCKETS.map(
        ({ from, to }) => benchmark.slice(0, first).filter(({ length }) => length >= from && length < to).length,
      );
      expect(inside).toEqual([first / 2, first / 2, 0, 0, 0]);
    }
  });

  it('ask for 20 to 300 words in a short prompt, in English and in Chinese, the first four in English', () => {
    for (const { length } of shortPrompts) expect(length >= 20 && length <= 300).toBe(true);
    const chinese = shortPrompts.map(({ prompt }) => /\p{Script=Han}/u.test(prompt));
    expect(chinese.filter(Boolean)).toHaveLength(4);
    expect(chinese.slice(0, 4)).not.toContain(true);
  });

  it('cover every type in the first ten instructions', () => {
    expect(new Set(instructions.slice(0, 10).map(({ type }) => type)).size).toBe(TYPES.length);
  });

  it('hold no prompt twice, and no eight words in a row in two files', () => {
    const prompts = promptsOf([...instructions, ...benchmark, ...shortPrompts]);
    expect(new Set(prompts.map((prompt) => prompt.toLowerCase())).size).toBe(prompts.length);
    const [ours, held, short] = [instructions, benchmark, shortPrompts].map((rows) => shingles(promptsOf(rows), 8));
    for (const [a, b] of [
      [ours, held],
      [ours, short],
      [held, short],
    ])
      expect(shared(a!, b!)).toEqual([]);
  });

  it.skipIf(missing('longbench-write'))('share no eight words in a row with LongBench-Write', () => {
    const official = ['longbench_write.jsonl', 'longbench_write_en.jsonl', 'longwrite_ruler.jsonl'].flatMap((file) =>
      promptsOf(readRows(new URL(file, OFFICIAL), BenchmarkRow)),
    );
    expect(official.length).toBe(228);
    expect(
      shared(shingles(promptsOf([...instructions, ...benchmark, ...shortPrompts]), 8), shingles(official, 8)),
    ).toEqual([]);
  });
});
