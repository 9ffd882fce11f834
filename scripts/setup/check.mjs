import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';

const NODE_FLOOR = [20, 19];
const PYTHON_FLOOR = [3, 11];
const PYTHON_NAMES = ['python3', 'python3.13', 'python3.12', 'python3.11'];

/** What keeps set-up from going on; its message says in one line what to do. */
export class SetupError extends Error {}

/** Fails with SetupError where Node.js is too old. */
export function checkNode(version) {
  if (!atLeast(version.split('.').map(Number), NODE_FLOOR))
    throw new SetupError(`Node.js ${NODE_FLOOR.join('.')} or newer is needed and this is ${version}; install it`);
}

/** Fails with SetupError where the disk has no room for the steps. */
export function checkDisk(steps, folder, free = freeBytes(folder)) {
  const needed = steps.reduce((sum, step) => sum + step.gigabytes, 0);
  if (free < needed * 1e9)
    throw new SetupError(
      `about ${needed.toFixed(1)} GB of disk are needed and ${(free / 1e9).toFixed(1)} GB are free in ${folder}; make room`,
    );
}

/** The first Python that is new enough and can make environments. Fails with SetupError. */
export function findPython(named) {
  const seen = [];
  for (const name of named ? [named] : PYTHON_NAMES) {
    const script =
      'import sys, json, importlib.util as u; print(json.dumps([sys.executable, sys.version_info[:3], ' +
      'all(u.find_spec(m) for m in ("venv", "ensurepip"))]))';
    const { status, stdout } = spawnSync(name, ['-c', script], { encoding: 'utf8' });
    if (status !== 0) continue;
    const [executable, version, canMake] = JSON.parse(stdout);
    if (atLeast(version, PYTHON_FLOOR) && canMake) return executable;
    seen.push(`${name} is ${version.join('.')}${atLeast(version, PYTHON_FLOOR) ? ' without its venv module' : ''}`);
  }
  const found = seen.length > 0 ? seen.join(', ') : 'none was found';
  throw new SetupError(
    `Python ${PYTHON_FLOOR.join('.')} or newer with its venv module is needed (${found}); ` +
      'install it (on Debian: apt-get install python3-venv), or name one by PYTHON=',
  );
}

const atLeast = ([major, minor], floor) => major > floor[0] || (major === floor[0] && minor >= floor[1]);

function freeBytes(folder) {
  const { bavail, bsize } = fs.statfsSync(folder);
  return bavail * bsize;
}
