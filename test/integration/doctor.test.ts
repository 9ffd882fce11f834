import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PROJECT, readEnvironment } from '../../configs/env.ts';
import type { Finding } from '../../domain/doctor.ts';
import { startServices, type EmbeddedServices } from '../../scripts/embedded/services.ts';
import { ROLES, startWorkers, type RunningWorkers } from '../../workers/run-worker.ts';
import { missing } from '../parts.ts';

// What workers say of themselves would bury what a test says.
Runtime.install({ logger: new DefaultLogger('ERROR') });

const CONFIG = ['--config', join(PROJECT, 'configs/quickstart.yaml')];

describe.skipIf(missing('services') || missing('trainer') || missing('base-model'))('longwriter doctor', () => {
  let home: string;
  let services: EmbeddedServices;
  let workers: RunningWorkers;
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'longwriter-doctor-'));
    services = await startServices({ home, project: PROJECT, log: () => undefined });
    const { temporalAddress, modelUrl: embeddedModelUrl } = services;
    workers = await startWorkers(
      { ...readEnvironment({ ...process.env, LONGWRITER_HOME: home }), temporalAddress, embeddedModelUrl },
      ROLES,
    );
  });
  afterAll(async () => {
    await workers?.stop();
    await services?.stop();
    await rm(home, { recursive: true, force: true });
  });

  /** Runs the command beside the services; its exit code, and what it said on each stream. */
  function doctor(
    args: readonly string[],
    env: NodeJS.ProcessEnv = {},
  ): Promise<{ code: number; out: string; err: string }> {
    const given = Object.entries(process.env).filter(
      ([name]) => !name.startsWith('TEMPORAL_') && !['LONGWRITER_STORE', 'FORCE_COLOR'].includes(name),
    );
    // Of a CI that sets CI, as most do: what goes into a pipe has no colours there either.
    const options = { cwd: PROJECT, env: { ...Object.fromEntries(given), CI: 'true', LONGWRITER_HOME: home, ...env } };
    return new Promise((done) => {
      execFile(
        process.execPath,
        ['--import', 'tsx', 'scripts/longwriter.ts', 'doctor', ...args],
        options,
        (error, out, err) => {
          done({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, out, err });
        },
      );
    });
  }

  test('says beside the embedded services that all is well, one line each', async () => {
    const { code, out, err } = await doctor(CONFIG);
    expect([code, err]).toEqual([0, '']);
    const lines = out.trimEnd().split('\n');
    expect(lines.filter((line) => !line.startsWith('ok    '))).toEqual([]);
    expect(
      lines.map((line) =>
        line
          .slice(6)
          .split(/ {2,}/)[0]!
          .replace(/\d+@.*/, 'ID'),
      ),
    ).toEqual([
      'Temporal',
      'namespace default',
      'search attributes',
      'store',
      'clock',
      'queue longwriter',
      'queue longwriter-llm-writer',
      'queue longwriter-llm-judge',
      'queue longwriter-llm-served',
      'queue longwriter-gpu',
      'worker ID',
      'GPU node ID',
      'endpoint writer',
      'endpoint judge',
    ]);
    expect(out).toMatch(/endpoint writer .* keeps a JSON schema, listed, window 4,096 tokens/);
    expect(out).toMatch(/GPU node .* GiB free on the disk of .*; python 3.*, torch 2.*, transformers 5/);
  });

  test('exits with 1 and says what to do where something fails that the run needs', async () => {
    const args = [...CONFIG, '--until', 'dataset', '--json'];
    const { code, out } = await doctor([...args, '--set', 'endpoints.writer.apiKeyEnv=NO_SUCH_KEY']);
    const { ok, findings } = JSON.parse(out) as { ok: boolean; findings: Finding[] };
    expect([code, ok]).toEqual([1, false]);
    expect(findings.filter(({ state }) => state === 'fail')).toEqual([
      {
        check: 'endpoint writer',
        state: 'fail',
        found: 'the environment variable NO_SUCH_KEY is not set on this worker',
        mend: 'set it where the workers of longwriter-llm-writer are started, and start them again',
      },
    ]);
    const uncalled = JSON.parse((await doctor([...args, '--no-calls'])).out) as { ok: boolean; findings: Finding[] };
    expect(uncalled.ok).toBe(true);
    expect(uncalled.findings.at(-1)!.found).toContain('not called, listed, window 4,096 tokens');
  });

  test('exits with 3 where no server answers, 1 for a wrong namespace and 2 for bad usage, without a trace', async () => {
    const [unreachable, nowhere, usage] = await Promise.all([
      doctor([], { TEMPORAL_ADDRESS: '127.0.0.1:1' }),
      doctor([], { TEMPORAL_NAMESPACE: 'nowhere' }),
      doctor(['--wait', '5']),
    ]);
    expect([unreachable.code, nowhere.code, usage.code]).toEqual([3, 1, 2]);
    expect(unreachable.out).toMatch(/^FAIL {2}Temporal .*127\.0\.0\.1:1[^]*\nok {4}store /);
    expect(nowhere.out).toMatch(/\nFAIL {2}namespace nowhere +is not there → /);
    expect(usage.err).toMatch(/^longwriter: --wait 5: expected a duration/);
    expect(unreachable.err + nowhere.err).toBe('');
  });
});
