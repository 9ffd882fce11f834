import { spawn } from 'node:child_process';
import { once as happens } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineSearchAttributeKey } from '@temporalio/common';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { jsonBytes } from '../../activities/io/store/json.ts';
import { fileStore } from '../../activities/io/store/file.ts';
import { PROJECT } from '../../configs/env.ts';
import { loadConfig } from '../../configs/load.ts';
import { configKey } from '../../domain/keys.ts';
import { PIPELINE_QUEUE } from '../../domain/names.ts';
import { SEARCH_ATTRIBUTES } from '../../domain/search-attributes.ts';
import { serviceProgram } from '../../scripts/embedded/paths.ts';
import { missing } from '../parts.ts';
import { Screen } from '../screen.ts';

const COMMAND = [process.execPath, '--import', 'tsx', join(PROJECT, 'scripts/longwriter.ts')];
const TYPES = { Keyword: 2, Int: 3 } as const;

/** A run at 3 of 8 samples, and no worker: what the terminal shows of it, and how it is left. */
describe.skipIf(missing('services'))('watching a run on a terminal', () => {
  let home: string;
  let temporal: TestWorkflowEnvironment;
  let env: NodeJS.ProcessEnv;
  let isDown = false;
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'longwriter-watch-'));
    temporal = await TestWorkflowEnvironment.createLocal({
      server: { executable: { type: 'existing-path', path: serviceProgram(PROJECT, 'temporal') } },
    });
    const { client } = temporal;
    const searchAttributes = Object.fromEntries(
      Object.entries(SEARCH_ATTRIBUTES).map(([name, type]) => [name, TYPES[type]]),
    );
    await client.connection.operatorService.addSearchAttributes({ namespace: 'default', searchAttributes });
    const config = await loadConfig(join(PROJECT, 'configs/quickstart.yaml'));
    await fileStore(join(home, 'store')).createIfAbsent(configKey('demo'), jsonBytes(config));
    await client.workflow.start('runPipeline', {
      taskQueue: PIPELINE_QUEUE,
      workflowId: 'demo',
      typedSearchAttributes: [
        { key: defineSearchAttributeKey('LwStage', 'KEYWORD'), value: 'generate' },
        { key: defineSearchAttributeKey('LwState', 'KEYWORD'), value: 'running' },
        { key: defineSearchAttributeKey('LwDone', 'INT'), value: 3 },
        { key: defineSearchAttributeKey('LwTotal', 'INT'), value: 8 },
      ],
    });
    const { PATH, HOME } = process.env;
    env = { PATH, HOME, TERM: 'xterm', LONGWRITER_HOME: home, TEMPORAL_ADDRESS: temporal.address };
  });
  afterAll(async () => {
    if (!isDown) await temporal?.teardown();
    await rm(home, { recursive: true, force: true });
  });

  /** Runs the command on a terminal; `act` is called as it draws, with what stands there and what steers it. */
  async function onTerminal(
    columns: number,
    args: readonly string[],
    act: (screen: Screen, steer: (order: string) => void) => void,
    more: NodeJS.ProcessEnv = {},
  ): Promise<{ code: number | null; screen: Screen; raw: string }> {
    const python = join(PROJECT, '.longwriter/python/services/bin/python');
    const child = spawn(
      python,
      [join(PROJECT, 'test/fixtures/terminal.py'), String(columns), '24', ...COMMAND, ...args],
      { cwd: PROJECT, env: { ...env, ...more }, stdio: ['pipe', 'pipe', 'inherit'] },
    );
    const screen = new Screen(columns);
    let raw = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      raw += text;
      screen.write(text);
      act(screen, (order) => {
        const [what, width] = order.split(' ');
        if (what === 'resize') screen.resize(Number(width));
        child.stdin.write(`${order}\n`);
      });
    });
    const code = await new Promise<number | null>((done) => child.on('close', done));
    return { code, screen, raw };
  }

  /** Does something once, as soon as a line like this stands there. */
  const once = (pattern: RegExp, steps: readonly string[]) => {
    let done = false;
    return (screen: Screen, steer: (order: string) => void): void => {
      if (done || !screen.lines.some((line) => pattern.test(line))) return;
      done = true;
      for (const step of steps) steer(step);
    };
  };

  test('draws bars in place, and Ctrl-C leaves the run to itself', async () => {
    const { code, screen, raw } = await onTerminal(100, ['status', 'demo', '--watch'], once(/generate/, ['interrupt']));
    expect(code).toBe(130);
    expect(screen.lines[0]).toMatch(/^run demo: running, \d+ s$/);
    expect(screen.lines).toContainEqual(expect.stringMatching(/^▸ generate {4}█{7}░{13} 3\/8/));
    expect(screen.lines.at(-1)).toBe('detached; the run goes on: longwriter status demo --watch');
    expect(raw).toContain('\u001b[36m');
    const { status } = await temporal.client.workflow.getHandle('demo').describe();
    expect(status.name).toBe('RUNNING');
  });

  test('is readable in 40 columns: no line is broken', async () => {
    const { code, screen } = await onTerminal(40, ['status', 'demo', '--watch'], once(/report/, ['interrupt']));
    expect(code).toBe(130);
    const lines = screen.lines.slice(0, screen.lines.indexOf('^C'));
    expect(lines.filter((line) => /^[▸✓·–✗] [a-z]+/.test(line))).toHaveLength(8);
    expect(lines).toContainEqual(expect.stringMatching(/^▸ generate {4}█{3}░{7} 3\/8/));
    // The head, a message of two lines, and eight stages: nothing else.
    expect(lines).toHaveLength(11);
  });

  test('draws anew in a terminal that gets narrower', async () => {
    let looks = 0;
    const { screen } = await onTerminal(100, ['status', 'demo', '--watch'], (now, steer) => {
      if (!now.lines.some((line) => line.includes('report'))) return;
      looks += 1;
      if (looks === 1) steer('resize 40');
      else if (now.lines.some((line) => /█{3}░{7} 3\/8/.test(line))) steer('interrupt');
    });
    expect(screen.lines.filter((line) => line.includes('generate'))).toHaveLength(1);
    expect(screen.lines.filter((line) => line.startsWith('run demo:'))).toHaveLength(1);
  });

  test('prints plain lines where nothing can be drawn over, and no colour where none is wanted', async () => {
    const dumb = await onTerminal(80, ['status', 'demo', '--watch'], once(/generate/, ['interrupt']), { TERM: 'dumb' });
    expect(dumb.raw).not.toContain('\u001b');
    expect(dumb.raw).toContain('generate    running 3 of 8');
    const grey = await onTerminal(80, ['status', 'demo', '--watch'], once(/generate/, ['interrupt']), {
      NO_COLOR: '1',
    });
    // oxlint-disable-next-line no-control-regex
    expect(grey.raw).not.toMatch(/\u001b\[\d*m/);
    expect(grey.screen.lines).toContainEqual(expect.stringContaining('3/8'));
  });

  test('ends with 0 when whoever reads it has read enough', async () => {
    const shell = `${COMMAND.map((part) => `'${part}'`).join(' ')} status demo --watch --json | head -n 1; exit \${PIPESTATUS[0]}`;
    const child = spawn('bash', ['-c', shell], { cwd: PROJECT, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    child.stderr.on('data', (text: Buffer) => (said += text.toString()));
    let out = '';
    child.stdout.on('data', (text: Buffer) => (out += text.toString()));
    expect(await new Promise((done) => child.on('close', done))).toBe(0);
    expect(said).toBe('');
    expect(JSON.parse(out)).toMatchObject({ run: 'demo', state: 'running' });
  });

  test('tells without a worker where a run is, by what its workflow noted of itself', async () => {
    const { code, raw } = await onTerminal(100, ['status', 'demo', '--json'], () => undefined);
    expect(code).toBe(0);
    const { stages, message } = JSON.parse(raw);
    expect(message).toContain('no worker answers');
    expect(stages[1]).toMatchObject({ stage: 'generate', state: 'running', done: 3, total: 8 });
  });

  test('lists the runs of the store with their states', async () => {
    const { code, screen } = await onTerminal(100, ['status'], () => undefined);
    expect([code, screen.lines[0]?.split(/\s+/)]).toEqual([0, ['run', 'state', 'stage', 'done', 'started', 'took']]);
    expect(screen.lines[1]).toMatch(/^demo +running +generate +3\/8/);
  });

  test('leaves without a stack when the server is gone', async () => {
    const watching = spawn(COMMAND[0]!, [...COMMAND.slice(1), 'status', 'demo', '--watch'], {
      ...{ cwd: PROJECT, env, stdio: ['ignore', 'pipe', 'pipe'] },
    });
    let said = '';
    watching.stderr.on('data', (text: Buffer) => (said += text.toString()));
    await happens(watching.stdout, 'data');
    await temporal.teardown();
    isDown = true;
    // It looks once a second: a look is under way, or tried again, from then on.
    watching.kill('SIGINT');
    expect(await new Promise((done) => watching.on('close', done))).toBe(130);
    expect(said).toBe('detached; the run goes on: longwriter status demo --watch\n');
  });
});
