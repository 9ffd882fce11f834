import { execFile } from 'node:child_process';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Client, Connection } from '@temporalio/client';
import { defineSearchAttributeKey, type TypedSearchAttributes } from '@temporalio/common';
import getPort from 'get-port';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { endLeftovers } from '../../activities/io/process.ts';
import { fileStore } from '../../activities/io/store/file.ts';
import { readFirings } from '../../activities/io/store/firings.ts';
import { PROJECT, readEnvironment } from '../../configs/env.ts';
import { startTemporal } from '../../scripts/embedded/temporal.ts';
import { startWorkers, type RunningWorkers } from '../../workers/run-worker.ts';
import { missing } from '../parts.ts';

const SCORES = { relevance: 5, accuracy: 4, coherence: 4, clarity: 5, breadthAndDepth: 3, readingExperience: 3 };

const MODEL = defineSearchAttributeKey('LwModel', 'KEYWORD');

describe.skipIf(missing('services'))('a schedule, on a server that keeps its state in a file', () => {
  let home: string;
  let port: number;
  let workers: RunningWorkers | undefined;
  let server: Server;
  let url: string;
  /** Times that the model writes its word. */
  let words = 100;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'longwriter-schedule-'));
    port = await getPort({ host: '127.0.0.1' });
    server = createServer((request, response) => void answer(request, response));
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
    const rows = Array.from({ length: 7 }, (_, n) => ({ prompt: `Write text ${n}.`, type: 'news', length: 90 + n }));
    await writeFile(join(home, 'bench.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    await up();
  });
  afterAll(async () => {
    await down();
    server?.closeAllConnections();
    server?.close();
    await rm(home, { recursive: true, force: true });
  });

  async function up(): Promise<void> {
    await startTemporal({ home, project: PROJECT, registry: join(home, 'processes'), port });
    const environment = { ...readEnvironment({ LONGWRITER_HOME: home }), temporalAddress: `127.0.0.1:${port}` };
    workers = await startWorkers(environment, ['pipeline', 'llm']);
  }
  async function down(): Promise<void> {
    await workers?.stop();
    workers = undefined;
    await endLeftovers(join(home, 'processes'), 10_000, () => undefined);
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = JSON.parse(await text(request)) as { model: string; seed: number };
    const content = body.model === 'j' ? JSON.stringify(SCORES) : `${'tea '.repeat(words)}${body.seed}`;
    const choices = [{ index: 0, delta: { content }, finish_reason: 'stop' }];
    const usage = { prompt_tokens: 10, completion_tokens: 100, total_tokens: 110 };
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(`data: ${JSON.stringify({ id: 'c', choices, usage })}\n\ndata: [DONE]\n\n`);
  }

  function schedule(...args: string[]): Promise<{ code: number; out: string; err: string }> {
    const env = { ...process.env, LONGWRITER_HOME: home, TEMPORAL_ADDRESS: `127.0.0.1:${port}` };
    return new Promise((done) => {
      const command = ['--import', 'tsx', 'scripts/longwriter.ts', 'schedule', ...args];
      execFile(process.execPath, command, { cwd: PROJECT, env }, (error, out, err) => {
        done({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, out, err });
      });
    });
  }
  const create = (...more: string[]) => {
    const judge = ['--judge-url', url, '--judge-model', 'j'];
    const given = ['--benchmark', join(home, 'bench.jsonl'), '--endpoint', `mine=m@${url}`, ...judge];
    return schedule('create', '--id', 'nightly', ...given, ...more);
  };
  /** Makes the schedule again after it was given attributes or not; says so and sees that it has them then. */
  async function renewed(attributes: boolean): Promise<string> {
    const connection = await Connection.connect({ address: `127.0.0.1:${port}` });
    try {
      const handle = new Client({ connection }).schedule.getHandle('nightly');
      await handle.update(({ searchAttributes: _searchAttributes, ...earlier }) => ({
        ...earlier,
        action: { ...earlier.action, args: [{ ...(earlier.action.args![0] as object), attributes }] },
        ...(attributes ? {} : { typedSearchAttributes: [] }),
      }));
      const { out } = await create('--every', '2s');
      const { action, state } = await handle.describe();
      expect([(action.args![0] as { attributes: boolean }).attributes, state.paused]).toEqual([true, true]);
      expect((action.typedSearchAttributes as TypedSearchAttributes).get(MODEL)).toBe('mine');
      const listed = async () => (await handle.describe()).typedSearchAttributes.get(MODEL);
      await expect.poll(listed, { timeout: 20_000 }).toBe('mine');
      return out;
    } finally {
      await connection.close();
    }
  }
  const firings = () => readFirings(fileStore(join(home, 'store')), 'nightly');
  async function fired(count: number): Promise<void> {
    await expect.poll(async () => (await firings()).length, { timeout: 60_000 }).toBeGreaterThanOrEqual(count);
  }

  test('says in one line what is wrong with what was typed', async () => {
    for (const [args, said] of [
      [[], '--every or --cron'],
      [['--every', 'often'], '--every often: expected a duration'],
      [['--every', '24h', '--max-failures', '0'], '--max-failures 0'],
      [['--cron', 'every monday'], 'schedule nightly: '],
      [['--every', '24h', '--limit', '0'], '--limit 0: expected a whole number above 0'],
      [['--every', '24h', '--model', 'dpo'], '--model dpo: of which run?'],
    ] as const) {
      const { code, err } = await create(...args);
      expect([code, err.trimEnd().split('\n').length], err).toEqual([2, 1]);
      expect(err).toContain(said);
    }
    expect((await schedule('show', 'nothing')).code).toBe(4);
  });

  test('fires by its clock, skips what overlaps, goes on after a restart, and shows its history', async () => {
    const created = await create('--every', '2s');
    expect(created, created.err).toMatchObject({ code: 0, out: 'schedule nightly created: mine, every 2s\n' });
    expect((await create('--every', '2s')).out).toContain('is there already');
    const other = await create('--every', '3s');
    expect([other.code, other.err]).toEqual([2, expect.stringContaining('--replace')]);
    await fired(2);

    await down();
    const before = (await firings()).length;
    await up();
    await fired(before + 1);

    const paused = await schedule('pause', 'nightly');
    expect(paused.code, paused.err).toBe(0);
    // As one that was made before `doctor --fix`; without --replace it stays as paused as it was.
    expect(await renewed(false)).toContain('is there already, and goes by the search attributes');
    expect(await renewed(true)).toContain('is there already: mine');
    const listed = await schedule('list');
    expect(listed.out).toMatch(/nightly .* mine .*every 2s .*paused .*steady 20/);
    const { skipped, firings: shown } = JSON.parse((await schedule('show', 'nightly', '--json')).out) as {
      skipped: number;
      firings: { outcome: string; scheduledAt: string; models: { identity: string }[] }[];
    };
    expect(skipped).toBeGreaterThan(0);
    expect(new Set(shown.map(({ outcome }) => outcome))).toEqual(new Set(['steady']));
    expect(shown[0]!.models[0]!.identity).toBe(`${new URL(url).host}/m`);
    const frozen = await readFile(join(home, 'store/runs/nightly/calibration.jsonl'), 'utf8');
    expect(frozen.trimEnd().split('\n')).toHaveLength(7);
    expect(JSON.parse(frozen.split('\n')[0]!)).toMatchObject({ prompt: 'Write text 0.', scores: { Relevance: 5 } });
    const history = await readFile(join(home, 'store/runs/nightly/history.html'), 'utf8');
    for (const { scheduledAt } of shown) expect(history).toContain(scheduledAt.slice(0, 16).replace('T', ' '));
  });

  test('exits with 1 where a triggered firing regressed, and keeps its results when it is deleted', async () => {
    words = 20;
    // One that began by the clock may still be under way.
    await expect
      .poll(() => schedule('trigger', 'nightly', '--watch'), { timeout: 60_000, interval: 2000 })
      .toMatchObject({
        code: 1,
        out: expect.stringMatching(/^regressed: fell since .*: S_l of mine by /m),
      });
    const deleted = await schedule('delete', 'nightly');
    expect(deleted.code, deleted.err).toBe(0);
    expect((await schedule('list')).out).toBe('there are no schedules\n');
    expect((await firings()).at(-1)!.outcome).toBe('regressed');
  });
});
