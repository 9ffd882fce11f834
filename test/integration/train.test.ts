import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PROJECT, readEnvironment } from '../../configs/env.ts';
import type { RunProgress } from '../../domain/progress.ts';
import { serviceProgram } from '../../scripts/embedded/paths.ts';
import { startWorkers, type RunningWorkers } from '../../workers/run-worker.ts';
import { missing } from '../parts.ts';
import { SERVER_ATTRIBUTES } from '../temporal/environment.ts';

const CONFIG = join(PROJECT, 'test/e2e/tiny.yaml');
const BASE = join(PROJECT, '.longwriter/models/smollm2-135m-instruct');
const turn = (role: string, content: string) => ({ role, content });

describe.skipIf(missing('services') || missing('trainer') || missing('base-model'))('longwriter train', () => {
  let home: string;
  let temporal: TestWorkflowEnvironment;
  let workers: RunningWorkers;
  /** A model of two layers, so that the time goes to what is tested. */
  let model: string;
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'longwriter-train-'));
    temporal = await TestWorkflowEnvironment.createLocal({
      server: {
        executable: { type: 'existing-path', path: serviceProgram(PROJECT, 'temporal') },
        extraArgs: SERVER_ATTRIBUTES,
      },
    });
    model = join(home, 'small');
    const python = join(PROJECT, '.longwriter/python/trainer/bin/python');
    await promisify(execFile)(python, [join(PROJECT, 'test/fixtures/small-model.py'), BASE, model]);
    const environment = { ...readEnvironment({ LONGWRITER_HOME: home }), temporalAddress: temporal.address };
    workers = await startWorkers(environment, ['pipeline', 'gpu']);
  });
  afterAll(async () => {
    await workers?.stop();
    await temporal?.teardown();
    await rm(home, { recursive: true, force: true });
  });

  function longwriter(...args: string[]): Promise<{ code: number; out: string; err: string }> {
    const env = { ...process.env, LONGWRITER_HOME: home, TEMPORAL_ADDRESS: temporal.address };
    return new Promise((done) => {
      const command = ['--import', 'tsx', 'scripts/longwriter.ts', ...args];
      execFile(process.execPath, command, { cwd: PROJECT, env }, (error, out, err) => {
        done({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, out, err });
      });
    });
  }

  async function rows(name: string, ...all: object[]): Promise<string> {
    const file = join(home, name);
    await writeFile(file, all.map((row) => `${JSON.stringify(row)}\n`).join(''));
    return file;
  }

  /** A training of one step a row, followed to its end. */
  const train = (method: string, data: string, base: string, ...more: string[]) =>
    longwriter(
      ...['train', '--method', method, '--data', data, '--model', base, '--config', CONFIG],
      ...['--set', `training.${method}.batchSize=1`, '--set', `training.${method}.maxLength=64`, ...more],
    );

  test('trains on a file, is cancelled and resumed like any run, says where the model is, and gives it to the next', async () => {
    const said = [1, 2].map((n) => ({ messages: [turn('user', `Say ${n}.`), turn('assistant', `It is ${n}.`)] }));
    const data = await rows('sft.jsonl', ...said);
    const started = await train('sft', data, model, '--run', 'mine');
    expect(started).toMatchObject({ code: 0, err: '', out: expect.stringContaining('run mine started') });
    expect((await train('sft', data, model, '--run', 'mine')).out).toContain('run mine is running');
    expect(await longwriter('cancel', 'mine')).toMatchObject({ code: 0 });
    const cancelled = await train('sft', data, model, '--run', 'mine');
    expect([cancelled.code, cancelled.err]).toEqual([1, expect.stringContaining('longwriter resume mine goes on')]);

    const wrong = await longwriter('resume', 'mine', '--until', 'report');
    expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('it walks sft only')]);
    const change = ['--config', CONFIG, '--set', 'training.sft.batchSize=1', '--set', 'training.sft.maxLength=60'];
    const resumed = await longwriter('resume', 'mine', ...change);
    expect(resumed).toMatchObject({ code: 0, err: expect.stringContaining('made under the new configuration: sft (') });
    const watched = await longwriter('status', 'mine', '--watch');
    expect(watched.code, watched.out).toBe(0);
    const shown = watched.out.split('\n').filter((line) => line.startsWith('sft'));
    expect(shown.at(-2)).toMatch(/^sft {9}done 2 of 2, loss \d+\.\d{3}, \d+ tokens\/s/);
    const folder = /sft model: (.*)/.exec(watched.out)?.[1] ?? '';
    expect(folder).toMatch(new RegExp(`^${home}/store/runs/mine/sft/[0-9a-f]{8}/model$`));
    expect(existsSync(join(folder, 'model.safetensors'))).toBe(true);
    const job = JSON.parse(readFileSync(join(folder, '../job.json'), 'utf8')) as { hyperparameters: object };
    expect(job.hyperparameters).toMatchObject({ max_length: 60, batch_size: 1 });
    expect((await longwriter('status', 'mine')).out).toContain(`sft model: ${folder}`);

    const pair = { prompt: 'Say 1.', chosen: 'It is 1, at length.', rejected: 'No.' };
    const next = await train('dpo', await rows('dpo.jsonl', pair), 'mine:sft', '--watch', '--json');
    expect(next.code, next.err).toBe(0);
    const [first = '', ...progress] = next.out.trim().split('\n');
    const { run } = JSON.parse(first) as { run: string };
    expect(run).toMatch(/^dpo-[0-9a-f]{8}$/);
    const last = JSON.parse(progress.at(-1)!) as RunProgress;
    expect(last).toMatchObject({ run, state: 'completed' });
    expect(last.stages.find(({ stage }) => stage === 'dpo')).toMatchObject({ state: 'done', done: 1, total: 1 });
    const again = await train('dpo', join(home, 'dpo.jsonl'), 'mine:sft');
    expect(again.out).toContain(`run ${run} is finished; longwriter status ${run} shows it`);
  });

  test('tells what cannot be used in one line, and starts nothing', async () => {
    const data = await rows('wrong.jsonl', { messages: [turn('user', 'q'), turn('assistant', 'a')] }, { prompt: 'p' });
    for (const [args, code, message] of [
      [['train', '--method', 'sft', '--data', data], 2, "required option '--model <model>' not specified"],
      [['train', '--method', 'rl', '--data', data, '--model', 'm'], 2, '--method "rl": expected one of sft, dpo'],
      [['train', '--method', 'sft', '--data', data, '--model', 'm'], 2, `${data}:2: has no column "messages"`],
      [
        ['train', '--method', 'sft', '--data', `${data}x`, '--model', 'm'],
        2,
        `--data: ${data}x cannot be read (ENOENT)`,
      ],
      [['train', '--method', 'dpo', '--data', data, '--model', 'm'], 2, `${data}:1: has no column "prompt"`],
    ] as const) {
      const ended = await longwriter(...args);
      expect([ended.code, ended.err.trimEnd().split('\n')], message).toEqual([
        code,
        [expect.stringContaining(message)],
      ]);
    }
    const good = await rows('good.jsonl', { messages: [turn('user', 'q'), turn('assistant', 'a')] });
    const ended = await train('sft', good, 'nobody:sft', '--run', 'none');
    expect([ended.code, ended.err]).toEqual([4, expect.stringContaining('run nobody has no finished sft')]);
    expect(existsSync(join(home, 'store/runs/none'))).toBe(false);
  });
});
