import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { endLeftovers } from '../../activities/io/process.ts';
import { PROJECT } from '../../configs/env.ts';
import { EvaluationScores } from '../../domain/schemas/evaluation.ts';
import type { ModelGate } from '../../domain/schemas/probe.ts';
import { missing } from '../parts.ts';

const CONFIG = join(PROJECT, 'test/e2e/tiny.yaml');

describe.skipIf(missing('services') || missing('trainer') || missing('base-model'))('npm start', () => {
  let home: string;
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'longwriter-e2e-'));
  });
  afterAll(async () => {
    await endLeftovers(join(home, 'processes'), 5000, () => undefined);
    await rm(home, { recursive: true, force: true });
  });

  /** Starts the whole pipeline as `npm start` does, in a home folder of the test's own. */
  function start(...more: string[]): { child: ChildProcess; ended: Promise<number | null>; output: () => string } {
    const args = ['--import', 'tsx', 'scripts/quickstart.ts', '--config', CONFIG, '--run', 'tiny', ...more];
    const env = { ...process.env, LONGWRITER_HOME: home };
    const child = spawn(process.execPath, args, { cwd: PROJECT, env });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (output += data.toString()));
    return { child, ended: new Promise((done) => child.once('close', done)), output: () => output };
  }

  const calls = (): string[] => {
    const folder = join(home, 'store', 'calls');
    if (!existsSync(folder)) return [];
    return readdirSync(folder, { recursive: true })
      .map(String)
      .filter((path) => path.endsWith('.json'));
  };

  /** Answers that the writer's and judge's server finished, over all of its starts. */
  const answered = (): number =>
    (readFileSync(join(home, 'logs', 'model-server.log'), 'utf8').match(/print_timing: .* total time/g) ?? []).length;

  test('killed in the middle of generation and started again, it goes on and repeats no finished call', async () => {
    const first = start('--until', 'dataset');
    await until(() => calls().length >= 4 || first.child.exitCode !== null);
    expect(first.output()).not.toContain('generate    done');
    first.child.kill('SIGKILL');
    await first.ended;
    // The server dies with its parent, so that what it had finished is in the store, or lost for good.
    const paid = calls();
    const before = answered();

    const dataset = start('--until', 'dataset');
    expect(await dataset.ended, dataset.output()).toBe(0);
    expect(dataset.output()).toMatch(/ending temporal .* left running by an earlier start/);
    const after = calls();
    expect(after).toEqual(expect.arrayContaining(paid));
    expect(answered() - before).toBe(after.length - paid.length);
  });

  test('goes through SFT, preference pairs, DPO and evaluation to a report with the scores of three models', async () => {
    const whole = start();
    expect(await whole.ended, whole.output()).toBe(0);
    const report = /report: (.*)/.exec(whole.output())?.[1] ?? '';
    expect(existsSync(report)).toBe(true);
    const html = readFileSync(report, 'utf8');

    const evaluations = join(home, 'store/runs/tiny/evaluations');
    const models = readdirSync(evaluations).map((folder) =>
      EvaluationScores.parse(JSON.parse(readFileSync(join(evaluations, folder, 'scores.json'), 'utf8'))),
    );
    expect(models.map(({ model }) => model).toSorted()).toEqual(['base', 'dpo', 'sft']);
    expect(new Set(models.map(({ identity }) => identity)).size).toBe(3);
    for (const { overall } of models) {
      expect(overall.completions).toBe(2);
      expect(html).toContain(overall.lengthScore.mean!.toFixed(1));
    }
    // Trained weights differ from those that training began with, and both trainings left their events.
    for (const method of ['sft', 'dpo']) {
      const [folder = ''] = readdirSync(join(home, 'store/runs/tiny', method));
      const events = readFileSync(join(home, 'store/runs/tiny', method, folder, 'events.jsonl'), 'utf8');
      expect(events).toMatch(/"event": ?"run-end"/);
      const gate = readFileSync(join(home, 'store/runs/tiny', method, folder, 'gate/gate.json'), 'utf8');
      const { trained, base } = JSON.parse(gate) as ModelGate;
      expect([trained.answers, base.answers]).toEqual([2, 2]);
      for (const { words } of [trained, base]) expect(words).toBeGreaterThan(0);
    }
    expect(html.match(/Gate on short prompts/g)).toHaveLength(2);
    // The SFT model is probed once, as what SFT made and as what DPO began with.
    expect(readdirSync(join(home, 'store/probes'))).toHaveLength(3);
    expect(await leftProcesses(home)).toBe('');
  });

  test('started again after that, it says at once where the report is', async () => {
    const startedAt = Date.now();
    const again = start();
    expect(await again.ended).toBe(0);
    expect(again.output()).toMatch(/run tiny is finished\nreport: /);
    expect(again.output()).not.toContain('Temporal');
    expect(Date.now() - startedAt).toBeLessThan(15_000);
  });

  test('refuses the run under another configuration, and says what differs', async () => {
    const other = start('--set', 'filter.minWords=21');
    expect(await other.ended).toBe(2);
    expect(other.output()).toContain('filter.minWords: 20 and 21');
  });
});

/** Processes whose command line names the test's home folder. */
async function leftProcesses(home: string): Promise<string> {
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'args']);
  return stdout
    .split('\n')
    .filter((line) => line.includes(home))
    .join('\n');
}

/** Waits until something holds; the test's own time-out is the limit. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((done) => setTimeout(done, 100));
}
