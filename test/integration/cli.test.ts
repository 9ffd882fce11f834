import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
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
    expect(err).toBe(
      'longwriter: --set generation.maxDrows=5: unknown key "generation.maxDrows", did you mean "maxDraws"?\n',
    );
  });

  test('tells an error as one object where JSON is asked for, a mistake in usage with it', async () => {
    for (const [args, exitCode, error] of [
      [['status', 'nobody', '--json'], 4, 'there is no run nobody'],
      [['status', 'a/b', '--json'], 2, 'run id "a/b"'],
      [['status', 'nobody', '--jsn', '--json'], 2, "unknown option '--jsn' (Did you mean --json?)"],
      [['start', '--json'], 2, "required option '--config <file>' not specified"],
      [['schedule', 'show', 'nobody', '--json'], 4, 'there is no schedule nobody'],
    ] as const) {
      const { code, out, err } = await longwriter(args);
      expect([code, err], args.join(' ')).toEqual([exitCode, '']);
      expect(JSON.parse(out)).toEqual({ error: expect.stringContaining(error), exitCode });
    }
  });

  test('says what a run would take, without a server, and writes nothing', async () => {
    const store = join(folder, 'dry-store');
    const env = { TEMPORAL_ADDRESS: '127.0.0.1:1', LONGWRITER_STORE: store };
    const { code, out, err } = await longwriter(['start', '--config', CONFIG, '--run', 'dry', '--dry-run'], env);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^what run dry would take: 8 instructions, 6 prompts of the benchmark; nothing is started\n/);
    expect(out).toMatch(/\ngenerate +\d+ /);
    expect(out).toContain('--assume NAME=VALUE changes it');
    const told = await longwriter(['start', '--config', CONFIG, '--run', 'dry', '--dry-run', '--json'], env);
    expect(JSON.parse(told.out)).toMatchObject({
      run: 'dry',
      dryRun: true,
      counted: { prompts: 6 },
    });
    const rows = join(folder, 'rows.jsonl');
    await writeFile(rows, '{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}\n');
    const train = ['train', '--method', 'sft', '--data', rows, '--model', 'THUDM/glm-4-9b-hf', '--dry-run'];
    expect((await longwriter(train, env)).out).toMatch(/: 1 row; nothing is started[^]*\nsft /);
    const evaluate = ['evaluate', '--model', 'THUDM/glm-4-9b-hf', '--dry-run'];
    expect((await longwriter(evaluate, env)).out).toMatch(/12 prompts of the benchmark[^]*\nevaluate +25 /);
    expect(existsSync(store)).toBe(false);
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
    expect([code, out]).toEqual([0, 'run young goes on, until select; --until names another stage\n']);
    expect(err).not.toContain('--yes');
    expect(existsSync(join(folder, 'store/runs/young/config.2.json'))).toBe(true);
  });

  test('leaves a run alone that has ended, and says so', async () => {
    // The run young was terminated above, and goes on since; it is ended again.
    await temporal.client.workflow.getHandle('young').terminate();
    expect(await longwriter(['cancel', 'young'])).toMatchObject({ code: 0, out: 'run young is cancelled already\n' });
    expect(await longwriter(['pause', 'young', '--json'])).toMatchObject({
      code: 0,
      out: '{"run":"young","state":"cancelled"}\n',
    });
    const shown = await longwriter(['status', 'young']);
    expect([shown.code, shown.out]).toEqual([
      1,
      expect.stringContaining('to go on: npm run longwriter -- resume young'),
    ]);
  });

  test('cancels a run while no worker is up, says at once that it waits for one, and begins nothing anew before', async () => {
    expect(await longwriter(['start', '--config', CONFIG, '--run', 'ending'])).toMatchObject({ code: 0 });
    const cancelled = await longwriter(['cancel', 'ending']);
    expect(cancelled).toMatchObject({ code: 0, out: expect.stringContaining('takes effect once a worker is up') });
    const shown = await longwriter(['status', 'ending']);
    expect(shown.out.split('\n')[0]).toContain('is to be cancelled');
    const again = await longwriter(['resume', 'ending', '--from', 'select']);
    expect(again).toMatchObject({ code: 1, err: expect.stringContaining('a worker must be up') });
    await temporal.client.workflow.getHandle('ending').terminate();
  });

  test('pauses once, and says so the second time', async () => {
    expect(await longwriter(['pause', 'once'])).toMatchObject({ code: 0, out: expect.stringContaining('is paused;') });
    expect(await longwriter(['pause', 'once'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('paused already'),
    });
    const shown = await longwriter(['status', 'once']);
    expect([shown.code, shown.out.split('\n')[0]]).toEqual([
      0,
      expect.stringMatching(/^run once: paused, .*requested/),
    ]);
  });

  test('completes words: commands, runs of the store, stages', async () => {
    const complete = async (...words: string[]) =>
      (await longwriter(['complete', '--', ...words])).out.split('\n').map((line) => line.split('\t')[0]);
    expect(await complete('sta')).toEqual(['start', 'status', ':4', '']);
    expect(await complete('status', '')).toEqual(expect.arrayContaining(['once', 'young']));
    expect(await complete('start', '--until', 'd')).toEqual(['dataset', 'dpo', ':4', '']);
    expect(await complete('schedule', 'tr')).toEqual(['trigger', ':4', '']);
    for (const shell of ['bash', 'zsh', 'fish']) {
      const { code, out } = await longwriter(['completion', shell]);
      expect([code, out], shell).toEqual([0, expect.stringContaining('longwriter complete --')]);
    }
  });

  test('runs as the program that npm links', async () => {
    const { bin } = JSON.parse(await readFile(join(PROJECT, 'package.json'), 'utf8'));
    const link = join(folder, 'longwriter');
    await symlink(join(PROJECT, bin.longwriter), link);
    const { stdout } = await promisify(execFile)(link, ['start', '--help'], { cwd: folder });
    expect(stdout).toContain('Usage: longwriter start');
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

  test('suggests a command for a mistyped one', async () => {
    const { code, err } = await longwriter(['stauts', 'once']);
    expect([code, err]).toEqual([2, "longwriter: unknown command 'stauts' (Did you mean status?)\n"]);
    const inside = await longwriter(['schedule', 'triger', 'once']);
    expect([inside.code, inside.err]).toEqual([2, "longwriter: unknown command 'triger' (Did you mean trigger?)\n"]);
  });
});
