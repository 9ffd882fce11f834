/**
 * Makes this checkout ready to run: npm packages, project-local Python environments, and the base model as safetensors.
 *
 * Runs before `npm start` and `npm test`, so it must do without dependencies, and cost next to nothing when all is there.
 */
import { mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
// A namespace, so that an old Node.js without parseArgs gets as far as being told that it is old.
import * as util from 'node:util';
import { checkDisk, checkNode, findPython, SetupError } from './setup/check.mjs';
import { endInstaller } from './setup/execute.mjs';
import { takeLock } from './setup/lock.mjs';
import { stepsOf } from './setup/steps.mjs';

const PROJECT = resolve(dirname(fileURLToPath(import.meta.url)), '..');

const seconds = (since) => `${((Date.now() - since) / 1000).toFixed(1)} s`;
const say = (line) => console.error(`set-up: ${line}`);

try {
  await setUp();
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  say(error.message);
  process.exitCode = 1;
}

async function setUp() {
  checkNode(process.versions.node);
  const { values } = util.parseArgs({ options: { layers: { type: 'string', default: 'services,trainer' } } });
  const layers = ['node', ...values.layers.split(',')];
  const steps = stepsOf(PROJECT).filter((step) => layers.includes(step.layer));
  const missing = () => steps.filter((step) => !step.done());
  if (missing().length === 0) return;

  const startedAt = Date.now();
  const python = missing().some((step) => step.layer !== 'node') ? findPython(process.env.PYTHON) : undefined;
  checkDisk(missing(), PROJECT);
  mkdirSync(join(PROJECT, '.longwriter', 'python'), { recursive: true });
  const release = await takeLock(join(PROJECT, '.longwriter', 'setup.lock'));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.once(signal, () => {
      endInstaller();
      release();
      process.exit(130);
    });
  }
  try {
    // Looked at again: another set-up may have done them while this one waited.
    for (const step of missing()) await take(step, python);
  } finally {
    release();
  }
  say(`ready in ${seconds(startedAt)}`);
}

async function take(step, python) {
  const startedAt = Date.now();
  say(`installing ${step.title}`);
  await step.run(python);
  say(`${step.title}: done in ${seconds(startedAt)}`);
}
