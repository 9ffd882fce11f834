import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  endLeftovers,
  endProcess,
  isAlive,
  readRegistry,
  startProcess,
  startTimeOf,
  type StartedProcess,
} from '../../activities/io/process.ts';

let folder: string;
let registry: string;
const started: StartedProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'longwriter-process-'));
  registry = join(folder, 'processes');
});

afterEach(async () => {
  await Promise.all(started.splice(0).map((each) => each.stop(0)));
  await rm(folder, { recursive: true, force: true });
});

async function start(script: string, name = 'part'): Promise<StartedProcess> {
  const process = await startProcess({
    name,
    command: 'sh',
    args: ['-c', script],
    logFile: join(folder, 'log', 'part.log'),
    registry,
  });
  started.push(process);
  return process;
}

/** What the process has printed, once it has printed a line. */
async function printed(): Promise<string> {
  return vi.waitFor(
    async () => {
      const text = await readFile(join(folder, 'log', 'part.log'), 'utf8');
      expect(text).toContain('\n');
      return text;
    },
    { timeout: 5000 },
  );
}

describe('startProcess', () => {
  it('appends output to the log, says how the process ended, and drops its record', async () => {
    const first = await start('echo one');
    expect(await first.exited).toEqual({ code: 0, signal: null });
    await vi.waitFor(async () => expect(await readdir(registry)).toEqual([]));
    expect(await (await start('echo two >&2; exit 7')).exited).toEqual({ code: 7, signal: null });
    expect(await printed()).toBe('one\ntwo\n');
  });

  it('records a process while it runs, and no longer', async () => {
    const sleeper = await start('sleep 60', 'a/strange name');
    const { record } = sleeper;
    expect(await readRegistry(registry)).toEqual([record]);
    expect(await isAlive(record)).toBe(true);
    await sleeper.stop(1000);
    expect(await isAlive(record)).toBe(false);
    expect(await readdir(registry)).toEqual([]);
  });

  it('says that a command is not there', async () => {
    const absent = startProcess({
      name: 'absent',
      command: join(folder, 'absent'),
      args: [],
      logFile: join(folder, 'absent.log'),
      registry,
    });
    await expect(absent).rejects.toThrow('ENOENT');
  });

  it('ends what a process that ended leaves in its group', async () => {
    const { exited } = await start('sleep 60 & echo $!');
    await exited;
    const grandchild = Number(await printed());
    await vi.waitFor(async () => expect(await startTimeOf(grandchild)).toBeUndefined());
  });
});

describe('endProcess', () => {
  it('ends a grandchild too, and one that ignores SIGTERM after the grace time', async () => {
    const { record, exited } = await start('trap "" TERM; sleep 60 & echo $!; wait; wait');
    const grandchild = Number(await printed());
    await endProcess(record, 100);
    expect(await exited).toEqual({ code: null, signal: 'SIGKILL' });
    await vi.waitFor(async () => expect(await startTimeOf(grandchild)).toBeUndefined());
  });

  it('lets a process end by itself within the grace time', async () => {
    const { record, exited } = await start('trap "exit 3" TERM; echo ready; while :; do sleep 0.05; done');
    await printed();
    await endProcess(record, 5000);
    expect(await exited).toEqual({ code: 3, signal: null });
  });

  it('leaves alone a process that has taken over the pid', async () => {
    const { record } = await start('sleep 60');
    const earlier = { ...record, startTime: `${record.startTime}0`, file: join(registry, 'earlier.json') };
    expect(await isAlive(earlier)).toBe(false);
    await endProcess(earlier, 0);
    expect(await isAlive(record)).toBe(true);
  });

  it('takes a zombie for ended', async () => {
    // The shell becomes a program that never asks how its child ended.
    await start('sleep 0.1 & echo $!; exec sleep 60');
    const zombie = Number(await printed());
    await vi.waitFor(async () => {
      expect(await startTimeOf(zombie)).toBeUndefined();
      expect(await readFile(`/proc/${zombie}/stat`, 'utf8')).toContain(') Z ');
    });
  });
});

describe('endLeftovers', () => {
  it('ends what the registry knows, and says so in a line each', async () => {
    const first = await start('sleep 60', 'first');
    const second = await start('sleep 60', 'second');
    const lines: string[] = [];
    await endLeftovers(registry, 1000, (line) => lines.push(line));
    expect(lines.toSorted()).toEqual([
      `ending first (pid ${first.record.pid}), left running by an earlier start`,
      `ending second (pid ${second.record.pid}), left running by an earlier start`,
    ]);
    expect(await isAlive(first.record)).toBe(false);
    expect(await readdir(registry)).toEqual([]);
  });

  it('removes records of processes that are gone, also an empty one, and says nothing', async () => {
    const sleeper = await start('sleep 60');
    const { record } = sleeper;
    await sleeper.stop(0);
    await writeFile(record.file, JSON.stringify(record));
    await writeFile(join(registry, 'empty.json'), '');
    const lines: string[] = [];
    await endLeftovers(registry, 1000, (line) => lines.push(line));
    expect(lines).toEqual([]);
    expect(await readRegistry(registry)).toEqual([]);
  });
});
