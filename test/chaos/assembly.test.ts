import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findManifest } from '../../activities/folder.ts';
import { jsonLinesBytes } from '../../activities/io/store/json.ts';
import { fileStore } from '../../activities/io/store/file.ts';
import { prepareSamples } from '../samples.ts';

const OVERRIDES = [
  'filter.minWords=50',
  'filter.nearDuplicates={}',
  'dataset.testFraction=0.1',
  'dataset.general=[{file: inputs/general, ratio: 2}]',
];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'assembly-'));
  const texts = Array.from({ length: 150 }, (_, index) => ({ topic: `topic-${index}`, sentences: 300 }));
  await prepareSamples(folder, OVERRIDES, texts);
  const general = Array.from({ length: 1000 }, (_, index) => ({
    messages: [
      { role: 'user', content: `Question ${index}` },
      { role: 'assistant', content: `Answer ${index}. `.repeat(200) },
    ],
  }));
  await fileStore(folder).putView('inputs/general', jsonLinesBytes(general));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A file of an assembly, and how many bytes of it are there at least. */
interface KillPoint {
  readonly path: () => Promise<string>;
  readonly bytes: number;
}

/** Starts an assembly, kills it as soon as a file is there with so many bytes, and says whether it was still running. */
async function assemble(killedAt?: KillPoint): Promise<string> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'test/chaos/assemble-process.ts', folder, ...OVERRIDES], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (data: Buffer) => (output += data.toString()));
  const ended = new Promise<NodeJS.Signals | null>((resolve) => child.on('close', (_, signal) => resolve(signal)));
  if (killedAt) await killOnceThere(child, killedAt);
  return (await ended) === 'SIGKILL' ? 'killed' : output.trim();
}

async function killOnceThere(child: ChildProcess, { path, bytes }: KillPoint): Promise<void> {
  while (child.exitCode === null) {
    const file = await path();
    if (existsSync(file) && statSync(file).size >= bytes) {
      child.kill('SIGKILL');
      return;
    }
    await sleep(1);
  }
}

async function bytesOf(at: string): Promise<Record<string, string>> {
  const names = await readdir(join(folder, at));
  const hashes = names.map(async (name) => [
    name,
    createHash('sha256')
      .update(await readFile(join(folder, at, name)))
      .digest('hex'),
  ]);
  return Object.fromEntries(await Promise.all(hashes)) as Record<string, string>;
}

const work = (name: string) => async () => {
  const temporary = join(folder, 'work', 'temporary');
  const [made = ''] = existsSync(temporary) ? (await readdir(temporary)).toSorted().toReversed() : [];
  return join(temporary, made, name);
};

describe('an assembly that is killed', () => {
  test('leaves no dataset, and started again gives the bytes of one that never was', async () => {
    const at = await assemble();
    const whole = await bytesOf(at);
    expect(Object.keys(whole)).toHaveLength(9);
    const inStore = async () => join(folder, at, 'longwriter-quickstart.parquet');
    for (const killedAt of [
      { path: work('scratch/kept.jsonl'), bytes: 1 },
      { path: work('longwriter-quickstart.jsonl'), bytes: 1 },
      { path: inStore, bytes: 1 },
    ]) {
      await rm(join(folder, at), { recursive: true, force: true });
      expect(await assemble(killedAt)).toBe('killed');
      expect(await findManifest(fileStore(folder), at)).toBeUndefined();
      expect(await assemble()).toBe(at);
      expect(await bytesOf(at)).toEqual(whole);
    }
  });
});
