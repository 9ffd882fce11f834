import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PROJECT } from '../../configs/env.ts';
import { serviceProgram } from '../../scripts/embedded/paths.ts';
import { missing } from '../parts.ts';

const CONFIG = join(PROJECT, 'configs/quickstart.yaml');

describe.skipIf(missing('services'))('the longwriter command', () => {
  let folder: string;
  let temporal: TestWorkflowEnvironment;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'longwriter-cli-'));
    temporal = await TestWorkflowEnvironment.createLocal({
      server: { executable: { type: 'existing-path', path: serviceProgram(PROJECT, 'temporal') } },
    });
  });
  afterAll(async () => {
    await temporal?.teardown();
    await rm(folder, { recursive: true, force: true });
  });

  /** Runs the command; its exit code, and what it said on each stream. */
  function longwriter(
    args: readonly string[],
    env: NodeJS.ProcessEnv = {},
  ): Promise<{ code: number; out: string; err: string }> {
    const options = {
      cwd: PROJECT,
      env: { ...process.env, LONGWRITER_HOME: folder, TEMPORAL_ADDRESS: temporal.address, ...env },
    };
    return new Promise((done) => {
      execFile(process.execPath, ['--import', 'tsx', 'scripts/longwriter.ts', ...args], options, (error, out, err) => {
        done({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, out, err });
      });
    });
  }

  /** The lines of standard error: a user's mistake is told in one. */
  const lines = (text: string): string[] => text.trimEnd().split('\n');

  test('names an unknown key and its nearest neighbour', async () => {
    const { code, err } = await longwriter([
      'start',
      '--config',
      CONFIG,
      '--run',
      'a',
      '--set',
      'generation.maxDrows=5',
    ]);
    expect([code, lines(err).length]).toEqual([2, 1]);
    expect(err).toContain('unknown key "generation.maxDrows", did you mean "maxDraws"?');
  });

  test('says what is wrong with the store before it starts a run', async () => {
    const env = { LONGWRITER_STORE: join(PROJECT, 'package.json', 'store') };
    const { code, err } = await longwriter(['start', '--config', CONFIG, '--run', 'a'], env);
    expect([code, lines(err).length]).toEqual([2, 1]);
    expect(err).toContain('cannot be written (ENOTDIR)');
  });

  test('refuses a run id with a slash', async () => {
    const { code, err } = await longwriter(['start', '--config', CONFIG, '--run', 'a/b']);
    expect([code, lines(err).length]).toEqual([2, 1]);
    expect(err).toContain('run id "a/b"');
  });

  test('names the broken line of an instructions file, and writes nothing', async () => {
    const file = join(folder, 'broken.jsonl');
    await writeFile(file, '{"prompt": "Write 300 words about tea.", "length": 300}\n{"prompt": "cut o');
    const { code, err } = await longwriter([
      'start',
      '--config',
      CONFIG,
      '--run',
      'a',
      '--set',
      `instructions.sources=[{file: ${file}}]`,
    ]);
    expect([code, lines(err).length]).toEqual([2, 1]);
    expect(err).toContain(`${file}:2: not valid JSON`);
    expect(existsSync(join(folder, 'store'))).toBe(false);
  });

  test('names a store that cannot be written', async () => {
    const file = join(folder, 'a-file');
    await writeFile(file, '');
    const { code, err } = await longwriter(['start', '--config', CONFIG, '--run', 'a'], { LONGWRITER_STORE: file });
    expect([code, lines(err).length]).toEqual([2, 1]);
    expect(err).toContain(file);
  });

  test('says that no server answers, with exit code 3', async () => {
    const { code, err } = await longwriter(['status', 'a'], { TEMPORAL_ADDRESS: '127.0.0.1:1' });
    expect([code, lines(err).length]).toEqual([3, 1]);
    expect(err).toContain('127.0.0.1:1');
  });

  test('says that there is no such run, with exit code 4', async () => {
    for (const args of [
      ['status', 'nobody'],
      ['resume', 'nobody'],
      ['pause', 'nobody'],
      ['cancel', 'nobody'],
      ['dataset', 'stats', 'nobody'],
      ['dataset', 'page', 'nobody'],
    ]) {
      const { code, err } = await longwriter(args);
      expect([code, lines(err).length], args.join(' ')).toEqual([4, 1]);
      expect(err).toContain('nobody');
    }
  });

  test('starts a run once, says so the second time, and refuses it under another configuration', async () => {
    const start = ['start', '--config', CONFIG, '--run', 'once', '--until', 'select'];
    expect(await longwriter(start)).toMatchObject({ code: 0, out: expect.stringContaining('run once started') });
    expect(await longwriter(start)).toMatchObject({ code: 0, out: expect.stringContaining('run once is running') });
    const other = await longwriter([...start, '--set', 'filter.minWords=1']);
    expect(other.code).toBe(2);
    expect(other.err).toContain('filter.minWords: 250 and 1');
  });

  test('says how a dataset is made that is not there yet, and needs no server for it', async () => {
    const { code, err } = await longwriter(['dataset', 'show', 'once'], { TEMPORAL_ADDRESS: '127.0.0.1:1' });
    expect([code, lines(err).length]).toEqual([2, 1]);
    expect(err).toContain('npm run longwriter -- resume once --until dataset');
  });

  test('shows a run while no worker is up, from what the store holds', async () => {
    const { code, out } = await longwriter(['status', 'once', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ run: 'once', state: 'running', stages: expect.any(Array) });
  });

  test('makes a change that would train again wait for --yes', async () => {
    const change = ['resume', 'once', '--config', CONFIG, '--set', 'training.sft.epochs=9'];
    for (const [path, what] of [
      ['sft/1a2b3c4d/checkpoints/step-4', 'a training that has checkpoints (sft)'],
      ['dpo/1a2b3c4d/model', 'a finished training (dpo)'],
    ] as const) {
      const made = join(folder, 'store/runs/once', path);
      await mkdir(made, { recursive: true });
      await writeFile(join(made, 'manifest.json'), '{}');
      const { code, err } = await longwriter(change);
      expect(code).toBe(2);
      expect(err).toMatch(/made under .*: sft, preferences, dpo, evaluate, report/);
      expect(err).toContain(`${what} would be made again; add --yes`);
      await rm(made, { recursive: true });
    }
    expect(existsSync(join(folder, 'store/runs/once/config.2.json'))).toBe(false);
  });

  test('changes a training that has not begun without a question', async () => {
    const start = ['start', '--config', CONFIG, '--run', 'young', '--until', 'select'];
    expect(await longwriter(start)).toMatchObject({ code: 0 });
    // Nobody lets it end: there is no worker here.
    await temporal.client.workflow.getHandle('young').terminate();
    const change = ['resume', 'young', '--config', CONFIG, '--set', 'training.sft.epochs=9'];
    const { code, err, out } = await longwriter(change);
    expect([code, out]).toEqual([0, 'run young goes on, until select\n']);
    expect(err).not.toContain('--yes');
    expect(existsSync(join(folder, 'store/runs/young/config.2.json'))).toBe(true);
  });

  test('refuses to begin a new run in the middle, and leaves its id free', async () => {
    const { code, err } = await longwriter(['start', '--config', CONFIG, '--run', 'middle', '--from', 'sft']);
    expect([code, lines(err).length]).toEqual([2, 1]);
    expect(err).toContain('run middle is new');
    expect(existsSync(join(folder, 'store/runs/middle'))).toBe(false);
  });

  test('refuses stages that leave nothing to walk', async () => {
    const { code, err } = await longwriter(['resume', 'once', '--from', 'dpo', '--until', 'sft']);
    expect([code, lines(err).length]).toEqual([2, 1]);
    expect(err).toContain('--from dpo comes after --until sft');
  });

  test('suggests a command for a mistyped one, and every command has an example', async () => {
    const { code, err } = await longwriter(['stauts', 'once']);
    expect(code).toBe(2);
    expect(err).toContain('Did you mean status?');
    const ofDatasets = ['stats', 'show', 'diff', 'page'].map((command) => `dataset ${command}`);
    for (const command of ['start', 'train', 'status', 'resume', 'retry', 'pause', 'cancel', 'dev', ...ofDatasets]) {
      const help = await longwriter([...command.split(' '), '--help']);
      expect([help.code, help.out.includes(`npm run longwriter -- ${command}`)], command).toEqual([0, true]);
    }
  });
});
