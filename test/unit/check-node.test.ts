import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkNode } from '../../activities/check-node.ts';
import type { NodeAsk, NodeLook, WorkerLook } from '../../domain/doctor.ts';
import { workerFindings } from '../../domain/worker-findings.ts';

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'longwriter-node-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

/** A Python that prints what the trainer's would, or ends as a broken one does. */
async function python(script: string): Promise<string> {
  const file = join(home, `python-${Math.random()}`);
  await writeFile(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return file;
}

const report = (more: object) =>
  `echo '${JSON.stringify({ versions: { torch: '2.9.0' }, devices: [], driver: false, ...more })}'`;

async function look(
  script: string,
  ask: Partial<NodeAsk> = {},
  signal = new AbortController().signal,
): Promise<NodeLook> {
  const commandValues = { python: await python(script), project: home };
  const node = { home, code: '', processes: '', embeddedModelUrl: undefined, commandValues, secret: () => undefined };
  return checkNode({ node }, { programs: ['{python}', 'sh'], remote: false, ...ask }, signal);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** The lines about a node, without those about its worker. */
function lines(node: NodeLook, needsTraining = true) {
  const worker: WorkerLook = { worker: 'w', code: 'c', at: 0, store: { url: '/s', isOurs: true }, endpoints: [], node };
  const expected = { code: 'c', storeUrl: '/s', hasStore: true, needsTraining };
  return workerFindings([{ queue: 'q', askedAt: 0, answeredAt: 0, look: worker }], expected).slice(1);
}

const GIB = 2 ** 30;

describe('a GPU node', () => {
  test('is told with its devices, their free memory, its disk and the versions that train', async () => {
    const found = await look(
      report({ driver: true, devices: [{ name: 'H100', free_bytes: 70 * GIB, total_bytes: 80 * GIB }] }),
    );
    expect(found.missing).toEqual([]);
    const [line, ...more] = lines({ ...found, diskFreeBytes: 900 * GIB });
    expect(more).toEqual([]);
    expect(line).toEqual({
      check: 'GPU node w',
      state: 'ok',
      found: `H100 with 70 of 80 GiB free; 900 GiB free on the disk of ${home}; torch 2.9.0`,
    });
  });

  test('without a program, the base model or room on its disk is told what it lacks', async () => {
    const found = await look(report({}), { programs: ['no-such-server'], baseModel: '{project}/no-model' });
    expect(lines({ ...found, diskFreeBytes: GIB })).toEqual([
      expect.objectContaining({ state: 'warn', found: expect.stringContaining('1 GiB free') }),
      expect.objectContaining({ state: 'fail', found: 'no-such-server is not there' }),
      expect.objectContaining({ state: 'fail', found: `the base model ${home}/no-model is not there` }),
    ]);
  });

  test('whose trainer cannot be loaded fails where something is to be trained', async () => {
    const found = await look('echo Traceback >&2; echo "ModuleNotFoundError: No module named torch" >&2; exit 1');
    const [line] = lines({ ...found, diskFreeBytes: 900 * GIB });
    expect(line).toMatchObject({
      state: 'fail',
      found: expect.stringContaining('ModuleNotFoundError: No module named torch'),
    });
    expect(lines(found, false).at(-1)!.state).toBe('warn');
    expect((await look('exec no-such-python')).trainer).toHaveProperty('problem');
  });

  test('with a driver that torch is blind to is warned of, and one with neither trains on the CPU', async () => {
    const blind = { ...(await look(report({ driver: true }))), diskFreeBytes: 900 * GIB };
    expect(lines(blind)).toEqual([
      expect.objectContaining({ state: 'warn', found: expect.stringContaining('sees no device') }),
    ]);
    const plain = { ...(await look(report({}))), diskFreeBytes: 900 * GIB };
    expect(lines(plain)[0]!.found).toMatch(/^no GPU: trains on the CPU;/);
  });

  test('is no longer looked at when the worker ends, and leaves no Python behind', async () => {
    const ending = new AbortController();
    const pid = join(home, 'pid');
    const looking = look(`echo $$ > ${pid}; exec sleep 100`, {}, ending.signal);
    looking.catch(() => undefined);
    await expect.poll(() => readFile(pid, 'utf8').catch(() => '')).toMatch(/\d\n/);
    ending.abort(new Error('the worker ends'));
    await expect(looking).rejects.toThrow('the worker ends');
    const started = Number(await readFile(pid, 'utf8'));
    await expect.poll(() => isAlive(started)).toBe(false);
  });

  test('that hands its jobs to Slurm fails for want of Slurm’s programs alone', async () => {
    const asked = { programs: ['no-such-server', 'sbatch'], baseModel: '{project}/no-model', remote: true };
    const found = await look('exit 1', asked);
    expect(lines({ ...found, missing: ['no-such-server', 'sbatch'], diskFreeBytes: 900 * GIB })).toEqual([
      expect.objectContaining({ state: 'warn', found: 'no-such-server is not there' }),
      expect.objectContaining({ state: 'fail', found: 'sbatch is not there' }),
      expect.objectContaining({ state: 'warn', found: expect.stringContaining('the base model') }),
      expect.objectContaining({ state: 'warn', found: expect.stringContaining('the trainer cannot be loaded') }),
    ]);
  });

  test('that hands its jobs to Slurm needs no devices of its own', async () => {
    const login = { ...(await look(report({ driver: true }), { remote: true })), diskFreeBytes: 900 * GIB };
    expect(lines(login)[0]!.found).toMatch(/^jobs go to Slurm;/);
  });
});
