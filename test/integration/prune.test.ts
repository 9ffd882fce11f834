import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { jsonBytes } from '../../activities/io/store/json.ts';
import { openStore } from '../../activities/io/store/open.ts';
import type { Store } from '../../activities/io/store/store.ts';
import { PROJECT } from '../../configs/env.ts';
import { loadConfig } from '../../configs/load.ts';
import { callKey, ledgerFolder } from '../../domain/keys.ts';
import { takeLock } from '../../scripts/embedded/lock.ts';
import { serviceProgram } from '../../scripts/embedded/paths.ts';
import { removeStored } from '../../scripts/prune/remove.ts';
import { startFakeGcsServer, type FakeGcsServer } from '../fake-gcs-server.ts';
import { missing } from '../parts.ts';
import { listed } from '../store-contract.ts';

/** Later than whatever a test writes: a record that is newer than all that it does not name. */
const LATER = '2099-01-01T00:00:00.000Z';
const EARLIER = '2001-01-01T00:00:00.000Z';

interface Told {
  readonly removed: boolean;
  readonly prunable: readonly { readonly where: string; readonly path: string; readonly why: string }[];
}

describe.skipIf(missing('services'))('longwriter prune', () => {
  let home: string;
  let temporal: TestWorkflowEnvironment;
  let bucket: FakeGcsServer;
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'longwriter-prune-'));
    bucket = await startFakeGcsServer();
    vi.stubEnv('STORAGE_EMULATOR_HOST', bucket.url);
    temporal = await TestWorkflowEnvironment.createLocal({
      server: { executable: { type: 'existing-path', path: serviceProgram(PROJECT, 'temporal') } },
    });
  });
  afterAll(async () => {
    await temporal?.teardown();
    bucket?.stop();
    vi.unstubAllEnvs();
    await rm(home, { recursive: true, force: true });
  });

  function longwriter(store: Store, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
    const env = {
      ...process.env,
      LONGWRITER_HOME: home,
      LONGWRITER_STORE: store.url,
      TEMPORAL_ADDRESS: temporal.address,
    };
    return new Promise((done) => {
      const command = ['--import', 'tsx', 'scripts/longwriter.ts', ...args];
      execFile(process.execPath, command, { cwd: PROJECT, env }, (error, out, err) => {
        done({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, out, err });
      });
    });
  }

  /** Waits until all of a store is older than a second. */
  async function untilOld(store: Store): Promise<void> {
    await vi.waitUntil(async () => Date.now() - (await newest(store)) > 1100, { timeout: 5000 });
  }

  /** What is listed, or removed, of what is older than a second. */
  async function prune(store: Store, ...args: string[]): Promise<Record<string, string>> {
    await untilOld(store);
    const { code, out, err } = await longwriter(store, 'prune', '--older-than', '1s', '--json', ...args);
    expect([code, err]).toEqual([0, '']);
    const { prunable } = JSON.parse(out) as Told;
    return Object.fromEntries(prunable.map(({ path, why }) => [path, why]));
  }

  async function newest(store: Store): Promise<number> {
    let last = 0;
    for await (const { changedAt } of store.describe('')) last = Math.max(last, changedAt);
    return last;
  }

  async function put(store: Store, ...paths: string[]): Promise<void> {
    for (const path of paths) await store.putView(path, jsonBytes({}));
  }

  async function makeRun(store: Store, run: string, overrides: string[] = []): Promise<void> {
    const config = await loadConfig(join(PROJECT, 'configs/quickstart.yaml'), overrides);
    await store.putView(`runs/${run}/config.json`, jsonBytes(config));
  }

  const record = (store: Store, run: string, stage: string, outcome: unknown, endedAt: string): Promise<void> =>
    store.putView(
      `runs/${run}/stages/${stage}.json`,
      jsonBytes({ stage, revision: 1, startedAt: EARLIER, endedAt, outcome }),
    );

  describe.each([
    ['a directory', (name: string) => join(home, name)],
    ['a bucket', (name: string) => `gs://longwriter/${name}`],
  ])('of %s', (_kind, url) => {
    test('lists what may go, removes it when told, and then finds nothing', async () => {
      const store = openStore(url('derived'));
      await makeRun(store, 'a');
      await record(store, 'a', 'dataset', { folder: 'runs/a/dataset/new' }, LATER);
      const model = { location: { kind: 'store', folder: 'runs/a/sft/new/model' } };
      await record(store, 'a', 'sft', { folder: 'runs/a/sft/new', model }, LATER);
      // Walked before the folders below: what is newer may be a walk that was cut off.
      await record(store, 'a', 'dpo', { folder: 'runs/a/dpo/old' }, EARLIER);
      const stay = [
        ...['samples/x.json', 'dataset/new/manifest.json', 'dataset/new/train.jsonl', 'sft/new/model/manifest.json'],
        ...['sft/new/events.jsonl', 'dpo/old/model/manifest.json', 'dpo/begun/checkpoints/step-2/manifest.json'],
        ...['preferences/whole/manifest.json', 'ledger/m/f-1-0-1'],
      ].map((path) => `runs/a/${path}`);
      const go = [
        ...['dataset/old/manifest.json', 'sft/old/model/manifest.json', 'sft/new/checkpoints/step-4/x'],
        ...['dpo/begun/checkpoints/step-4/x', 'preferences/half/prompts.jsonl'],
      ].map((path) => `runs/a/${path}`);
      await put(store, ...stay, ...go, 'calls/ab/abc.json');
      const all = await listed(store, '');
      const expected = {
        'runs/a/dataset/old': 'superseded',
        'runs/a/sft/old': 'superseded',
        'runs/a/sft/new/checkpoints/step-4': 'checkpoint of a finished training',
        'runs/a/dpo/begun/checkpoints/step-4': 'half-written',
        'runs/a/preferences/half': 'half-written',
      };
      expect(await prune(store)).toEqual(expected);
      expect(await listed(store, '')).toEqual(all);
      expect(await prune(store, '--yes')).toEqual(expected);
      expect(await listed(store, '')).toEqual(all.filter((path) => !go.includes(path)));
      expect(await prune(store, '--yes')).toEqual({});
    });

    test('keeps a model that another run names, and its run', async () => {
      const store = openStore(url('needed'));
      await makeRun(store, 'a');
      await record(store, 'a', 'sft', { folder: 'runs/a/sft/new' }, LATER);
      await put(store, 'runs/a/sft/old/model/manifest.json', 'runs/a/sft/older/model/manifest.json');
      await makeRun(store, 'b', ['training.baseModel=store:runs/a/sft/old/model']);
      expect(await prune(store)).toEqual({ 'runs/a/sft/older': 'superseded' });
      const refused = await longwriter(store, 'prune', '--run', 'a', '--older-than', '1s');
      expect([refused.code, refused.err]).toEqual([2, expect.stringContaining('run b names a model of it')]);
    });

    test('removes a whole run, its calls only when told, and never those that another run rests on', async () => {
      const store = openStore(url('whole'));
      const [own, shared] = ['a'.repeat(64), 'b'.repeat(64)];
      for (const run of ['a', 'b']) await makeRun(store, run);
      for (const call of [own, shared])
        await put(store, callKey(call), `${ledgerFolder('a')}/m/${call.slice(0, 32)}-1-0-1`);
      await store.putView('runs/b/samples/x.json', jsonBytes({ sections: [{ call: shared }] }));
      const others = [callKey(shared), 'runs/b/config.json', 'runs/b/samples/x.json'];
      const whole = { 'runs/a': 'named by --run' };
      expect(await prune(store, '--run', 'a')).toEqual(whole);
      const withCalls = { ...whole, [callKey(own)]: 'paid for by runs that go' };
      expect(await prune(store, '--run', 'a', '--calls', '--yes')).toEqual(withCalls);
      expect(await listed(store, '')).toEqual(others);
      expect(await longwriter(store, 'prune', '--run', 'a', '--yes')).toMatchObject({ code: 4 });
    });

    test('leaves a run alone that it cannot read, with all models, and tells of it', async () => {
      const store = openStore(url('unreadable'));
      await makeRun(store, 'a');
      await record(store, 'a', 'sft', { folder: 'runs/a/sft/new' }, LATER);
      await put(store, 'runs/a/sft/old/model/manifest.json', 'runs/a/rows/half/rows.jsonl');
      await put(store, 'runs/b/rows/half/rows.jsonl');
      await store.putView('runs/b/config.json', jsonBytes({ written: 'by a later version' }));
      expect(await prune(store)).toEqual({ 'runs/a/rows/half': 'half-written' });
      const { out } = await longwriter(store, 'prune', '--older-than', '1s');
      expect(out).toContain('run b stays, and so do all trained models: runs/b/config.json: ');
      const refused = await longwriter(store, 'prune', '--run', 'a', '--older-than', '1s');
      expect([refused.code, refused.err]).toEqual([2, expect.stringContaining('run b may name a model of it')]);
      expect(await prune(store, '--run', 'b', '--yes')).toEqual({ 'runs/b': 'named by --run' });
      expect(await prune(store)).toMatchObject({ 'runs/a/sft/old': 'superseded' });
    });

    test('killed in the middle of a run, leaves one that is known, with nothing that looks whole', async () => {
      const store = openStore(url('killed'));
      await makeRun(store, 'a');
      await put(
        store,
        'runs/a/dataset/one/manifest.json',
        'runs/a/dataset/one/README.md',
        'runs/a/stages/dataset.json',
      );
      let left = 2;
      const dying: Store = {
        ...store,
        remove: (path) => (left-- > 0 ? store.remove(path) : Promise.reject(new Error('killed'))),
      };
      await expect(removeStored(dying, 'runs/a')).rejects.toThrow('killed');
      expect(await listed(store, '')).toEqual(['runs/a/config.json', 'runs/a/dataset/one/README.md']);
      await removeStored(store, 'runs/a');
      expect(await listed(store, '')).toEqual([]);
    });
  });

  test('leaves a run that is under way alone, and what a schedule made', async () => {
    const store = openStore(join(home, 'running'));
    await makeRun(store, 'under-way');
    await put(store, 'runs/under-way/dataset/half/train.jsonl');
    const start = ['start', '--config', 'configs/quickstart.yaml', '--run', 'busy', '--until', 'select'];
    expect(await longwriter(store, ...start)).toMatchObject({ code: 0 });
    await put(store, 'runs/busy/dataset/half/train.jsonl');
    const schedule = [
      'schedule',
      'create',
      '--id',
      'nightly',
      '--every',
      '24h',
      '--endpoint',
      'm@http://127.0.0.1:1/v1',
    ];
    expect(await longwriter(store, ...schedule)).toMatchObject({ code: 0 });
    await put(store, 'runs/nightly/evaluations/half/prompts.jsonl');
    await put(store, 'runs/idle/rows/half/rows.jsonl');
    await put(store, 'runs/paused-elsewhere/rows/half/rows.jsonl');
    await store.putView('runs/paused-elsewhere/control.json', jsonBytes({ paused: true }));
    expect(await prune(store)).toEqual({
      'runs/under-way/dataset/half': 'half-written',
      'runs/idle/rows/half': 'half-written',
    });
    const { out } = await longwriter(store, 'prune', '--older-than', '1s');
    expect(out.split('\n').slice(0, 2)).toEqual([
      `store ${store.url}; what is under way is asked at ${temporal.address}, namespace default`,
      expect.stringContaining('run paused-elsewhere is not known'),
    ]);
    for (const [args, why] of [
      [['--run', 'busy'], 'run busy is under way'],
      [['--run', 'idle'], 'run idle is not known'],
      [['--run', 'paused-elsewhere', '--older-than', '1s'], 'it is paused'],
      [['--run', 'idle', '--calls', '--older-than', '1s'], 'may rest on calls of another run'],
    ] as const) {
      const refused = await longwriter(store, 'prune', ...args, '--yes');
      expect([refused.code, refused.err]).toEqual([2, expect.stringContaining(why)]);
    }
    const empty = openStore(join(home, 'of-another'));
    await makeRun(empty, 'alone');
    await untilOld(empty);
    const refusedToo = await longwriter(empty, 'prune', '--run', 'alone', '--calls', '--older-than', '1s');
    expect([refusedToo.code, refusedToo.err]).toEqual([2, expect.stringContaining('workflow busy')]);
    const refused = await longwriter(store, 'prune', '--run', 'nightly', '--older-than', '1s');
    expect([refused.code, refused.err]).toEqual([2, expect.stringContaining('schedule delete nightly')]);
  });

  test('removes what earlier work left on this machine, and says what that frees', async () => {
    const store = openStore(join(home, 'machine'));
    const old = [`work/jobs/gone.sft.1a2b3c4d/trainer.log`, `work/temporary/rows-1-abcdef/x`, 'logs/worker.log'];
    const fresh = ['work/jobs/new.sft.1a2b3c4d/trainer.log', 'logs/temporal.log'];
    for (const path of [...old, ...fresh]) {
      await mkdir(dirname(join(home, path)), { recursive: true });
      await writeFile(join(home, path), 'x'.repeat(1_000_000));
    }
    const longAgo = new Date(EARLIER);
    for (const path of old) for (const part of [path, dirname(path)]) await utimes(join(home, part), longAgo, longAgo);
    // A log is open as long as the lock's holder lives.
    const lock = await takeLock(home);
    expect((await longwriter(store, 'prune')).out).not.toContain('worker.log');
    await lock.release();
    const { out } = await longwriter(store, 'prune', '--yes');
    expect(out).toContain('3.0 MB are freed');
    expect(old.filter((path) => existsSync(join(home, path)))).toEqual([]);
    expect(fresh.filter((path) => existsSync(join(home, path)))).toEqual(fresh);
  });

  test('asks for sensible options, in one line', async () => {
    const store = openStore(join(home, 'options'));
    for (const args of [['--older-than', '30'], ['--calls'], ['--run', 'a/b']]) {
      const { code, err } = await longwriter(store, 'prune', ...args);
      expect([code, err.trimEnd().split('\n').length], args.join(' ')).toEqual([2, 1]);
    }
  });
});
