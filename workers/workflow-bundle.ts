import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { bundleWorkflowCode } from '@temporalio/worker';
import { PROJECT } from '../configs/env.ts';

/** What the bundle is made from; workflows import nothing else. */
const SOURCES = ['workflows', 'domain', 'package-lock.json'];

/**
 * The file with the workflows as workers load them, made once for each state of their sources.
 *
 * In a process of its own, since webpack leaves a worker several hundred megabytes larger, and kept, since it takes
 * seconds. Two workers that start at once may both make it; the bytes are the same.
 *
 * @param home folder for state of this machine
 */
export async function workflowBundle(home: string): Promise<string> {
  const file = join(home, 'bundles', `workflows-${await sourcesHash()}.js`);
  if (await stat(file).catch(() => undefined)) return file;
  await promisify(execFile)(process.execPath, ['--import', 'tsx', fileURLToPath(import.meta.url), file], {
    cwd: PROJECT,
    env: {},
  });
  return file;
}

async function sourcesHash(): Promise<string> {
  const hash = createHash('sha256').update(process.version);
  for (const source of SOURCES) {
    const path = join(PROJECT, source);
    const inside = (await stat(path)).isDirectory() ? await readdir(path, { recursive: true }) : [''];
    for (const name of inside.toSorted()) {
      const file = join(path, name);
      if ((await stat(file)).isFile()) hash.update(`${source}/${name}\0`).update(await readFile(file));
    }
  }
  return hash.digest('hex').slice(0, 16);
}

async function writeBundle(file: string): Promise<void> {
  const workflowsPath = join(PROJECT, 'workflows/index.ts');
  const { code } = await bundleWorkflowCode({ workflowsPath, logger: silent });
  await mkdir(dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}.tmp`;
  await writeFile(temporary, code);
  await rename(temporary, file);
  const old = (await readdir(dirname(file))).filter((name) => name.endsWith('.js') && !file.endsWith(name));
  // Workers of another checkout may share the folder; theirs is made again.
  await Promise.all(old.map((name) => rm(join(dirname(file), name), { force: true })));
}

const nothing = () => undefined;
const silent = {
  log: nothing,
  trace: nothing,
  debug: nothing,
  info: nothing,
  warn: console.warn,
  error: console.error,
};

const [, program, target] = process.argv;
if (program === fileURLToPath(import.meta.url) && target !== undefined) await writeBundle(target);
