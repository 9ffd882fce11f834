import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PROJECT } from '../../configs/env.ts';
import { FAILURES } from '../../domain/failures.ts';

/** How the table begins to say what happens by itself. */
const BY_ITSELF = { retry: 'tried again', pause: 'the run pauses', fail: 'fails' } as const;

test('docs/operations.md says of every failure type what happens by itself, as it does, and what a person does', async () => {
  const text = await readFile(join(PROJECT, 'docs/operations.md'), 'utf8');
  const rows = text
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .filter(([, type = '']) => /^[A-Z]\w+\.[A-Z]\w+$/.test(type));
  expect(rows.map(([, type]) => type)).toEqual(Object.keys(FAILURES));
  for (const [, type, meaning, byItself, toDo] of rows) {
    expect(byItself, type).toMatch(new RegExp(`^${BY_ITSELF[FAILURES[type as keyof typeof FAILURES]]}\\b`));
    expect(
      [meaning, toDo].every((cell) => cell !== undefined && cell.length > 5),
      type,
    ).toBe(true);
  }
});
