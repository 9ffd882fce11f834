import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ActivityDeps } from '../../activities/deps.ts';
import { makeGate } from '../../activities/gate.ts';
import { openLauncher } from '../../activities/io/launcher/open.ts';
import { readRegistry } from '../../activities/io/process.ts';
import { fileStore } from '../../activities/io/store/file.ts';
import { findJson, jsonBytes } from '../../activities/io/store/json.ts';
import { makeRunFiles } from '../../activities/run-files.ts';
import { serveModel } from '../../activities/serve-model.ts';
import { loadConfig, parseConfig } from '../../configs/load.ts';
import type { LauncherSettings } from '../../configs/training.ts';
import { configKey, controlKey, leaseKey } from '../../domain/keys.ts';
import { Lease } from '../../domain/schemas/run.ts';

const model = { name: 'base', identity: 'weights-1', location: { kind: 'node', path: '/models/base' } } as const;

/** A real server with a health address, which starts in no time. */
const SERVER = "['python3', '-m', 'http.server', '{port}', '--bind', '{host}']";

describe('serveModel', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'longwriter-serve-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function serving(
    command = SERVER,
    more: readonly string[] = [],
  ): Promise<{ deps: ActivityDeps; lease: () => Promise<Lease | undefined> }> {
    const store = fileStore(folder);
    const overrides = ['serving.prepare=[]', 'serving.healthPath=/', `serving.command=${command}`, ...more];
    const config = await loadConfig('configs/quickstart.yaml', overrides);
    await store.putView(configKey('r'), jsonBytes(config));
    const deps = {
      store,
      files: makeRunFiles(store, parseConfig),
      gate: makeGate(store),
      launchers: (settings: LauncherSettings) => openLauncher(settings, join(folder, 'processes')),
      node: { home: folder, processes: join(folder, 'processes'), commandValues: {} },
    } as unknown as ActivityDeps;
    return { deps, lease: () => findJson(store, leaseKey('r'), Lease) };
  }

  /** One attempt at serving, in an activity's context; signals to the workflow go nowhere. */
  function attempt(deps: ActivityDeps, failures: number, number: number) {
    const handle = { signal: async () => undefined };
    const withAbortSignal = (_signal: AbortSignal, work: () => unknown) => work();
    const client = { workflow: { getHandle: () => handle }, withAbortSignal };
    const environment = new MockActivityEnvironment(
      { attempt: number, workflowExecution: { workflowId: 'r.evaluate.base', runId: 'x' } },
      { client: client as never },
    );
    const ended = environment.run(() => serveModel(deps, { run: 'r', revision: 1, model, failures }));
    ended.catch(() => undefined);
    return { environment, ended };
  }

  test('writes a lease that answers, and takes the server down when it is cancelled', async () => {
    const { deps, lease } = await serving();
    const { environment, ended } = attempt(deps, 0, 1);
    const { baseUrl, model: identity } = await until(lease);
    expect(identity).toBe('weights-1');
    expect((await fetch(baseUrl.replace('/v1', '/'))).ok).toBe(true);
    environment.cancel();
    await expect(ended).rejects.toMatchObject({ name: 'CancelledFailure' });
    await expect(fetch(baseUrl)).rejects.toThrow();
    expect(await readRegistry(deps.node.processes)).toEqual([]);
  });

  test('a server that ends is a failure, and its next start overwrites the lease, whatever the attempts', async () => {
    const { deps, lease } = await serving();
    const first = attempt(deps, 0, 3);
    const { baseUrl } = await until(lease);
    const [record] = await readRegistry(deps.node.processes);
    process.kill(record!.pid, 'SIGKILL');
    await expect(first.ended).rejects.toMatchObject({ type: 'Serving.Failed' });

    const second = attempt(deps, 1, 1);
    const next = await until(async () => {
      const found = await lease();
      return found?.failures === 1 ? found : undefined;
    });
    expect(next.baseUrl).not.toBe(baseUrl);
    second.environment.cancel();
    await expect(second.ended).rejects.toBeDefined();
  });

  test('a frozen attempt that wakes up late leaves the server and the lease of a later one alone', async () => {
    const { deps, lease } = await serving();
    const later = attempt(deps, 0, 2);
    const { baseUrl } = await until(lease);
    const frozen = attempt(deps, 0, 1);
    await new Promise((done) => setTimeout(done, 1500));
    expect(await lease()).toMatchObject({ baseUrl, attempt: 2 });
    frozen.environment.cancel();
    await Promise.allSettled([frozen.ended]);
    expect((await fetch(baseUrl.replace('/v1', '/'))).ok).toBe(true);
    later.environment.cancel();
    await Promise.allSettled([later.ended]);
    expect(await readRegistry(deps.node.processes)).toEqual([]);
  });

  test('a model is prepared once, and a server that does not come up in time is a failure', async () => {
    const prepare = `serving.prepare=['sh', '-c', 'echo made >> "$1"', 'sh', '{prepared}']`;
    const { deps } = await serving("['sleep', '60']", [prepare, 'serving.readySeconds=1']);
    for (const failures of [0, 1]) {
      const { ended } = attempt(deps, failures, 1);
      await expect(ended).rejects.toMatchObject({ message: expect.stringContaining('was not ready within 1 s') });
    }
    const [models = ''] = await readdir(join(folder, 'work', 'models'));
    const [prepared = ''] = await readdir(join(folder, 'work', 'models', models));
    expect(await readFile(join(folder, 'work', 'models', models, prepared), 'utf8')).toBe('made\n');
    expect(await readRegistry(deps.node.processes)).toEqual([]);
  });

  test('a prepare command that fails, or makes nothing, is a failure that names its log', async () => {
    const failing = await serving(SERVER, ["serving.prepare=['sh', '-c', 'exit 9']"]);
    await expect(attempt(failing.deps, 0, 1).ended).rejects.toThrow(
      /preparing .* ended with code 9; see .*served-model.log/,
    );
    const idle = await serving(SERVER, ["serving.prepare=['true']"]);
    await expect(attempt(idle.deps, 1, 1).ended).rejects.toThrow(/preparing .* ended with code 1/);
  });

  test('the key of a server is for its owner alone, and reaches the server', async () => {
    const command = `['python3', '-c', 'import sys, time; open(sys.argv[1], "w").write(sys.argv[2]); time.sleep(60)', '${join(folder, 'seen')}', 'it is {key}']`;
    const { deps } = await serving(command);
    const { environment, ended } = attempt(deps, 0, 1);
    const seen = await until(() => readFile(join(folder, 'seen'), 'utf8').catch(() => undefined));
    const [job = ''] = await readdir(join(folder, 'work', 'jobs'));
    const key = join(folder, 'work', 'jobs', job, 'key');
    expect(seen).toBe(`it is ${await readFile(key, 'utf8')}`);
    expect((await stat(key)).mode & 0o777).toBe(0o600);
    environment.cancel();
    await expect(ended).rejects.toBeDefined();
  });

  test('the third failure closes the run’s gate with its message', async () => {
    const { deps } = await serving("['false']");
    await expect(attempt(deps, 1, 1).ended).rejects.toMatchObject({ type: 'Serving.Failed' });
    expect(await deps.store.find(controlKey('r'))).toBeUndefined();
    await expect(attempt(deps, 2, 1).ended).rejects.toMatchObject({ type: 'Serving.Failed' });
    expect(await deps.gate.isOpen('r')).toBe(false);
  });

  test('a program that is not there is told by name, and not tried again', async () => {
    const { deps } = await serving("['no-such-server']");
    const { ended } = attempt(deps, 0, 1);
    await expect(ended).rejects.toMatchObject({ type: 'Serving.Misconfigured', nonRetryable: true });
    await expect(ended).rejects.toThrow(/no-such-server cannot be started on its node; see .*served-model.log/);
    const [job = ''] = await readdir(join(folder, 'work', 'jobs'));
    const log = await readFile(join(folder, 'work', 'jobs', job, 'served-model.log'), 'utf8');
    expect(log).toContain('no-such-server');
  });
});

/** Waits for a value; the test's own time-out is the limit. */
async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((done) => setTimeout(done, 50));
  }
}
