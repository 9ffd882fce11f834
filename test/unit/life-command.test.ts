import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lifeCommand } from '../../activities/life-command.ts';
import { parseEvents } from '../../domain/trainer-events.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'longwriter-life-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('each life of a job begins with an event, behind whatever a killed one left half-written', async () => {
  const [program = '', ...args] = lifeCommand(['printf', '%s', 'a b']);
  await writeFile(join(folder, 'events.jsonl'), '{"event": "step-e');
  for (const _ of [1, 2]) {
    const { stdout } = await promisify(execFile)(program, args, { cwd: folder });
    expect(stdout).toBe('a b');
  }
  const events = parseEvents(await readFile(join(folder, 'events.jsonl'), 'utf8'));
  expect(events.map(({ event }) => event)).toEqual(['job-start', 'job-start']);
});

test('a program that is not there is the exit code 127 of a shell', async () => {
  const [program = '', ...args] = lifeCommand(['longwriter-no-such-program']);
  await expect(promisify(execFile)(program, args, { cwd: folder })).rejects.toMatchObject({ code: 127 });
});
