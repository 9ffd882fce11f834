import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { bundleWorkflowCode } from '@temporalio/worker';
import { PROJECT } from '../configs/env.ts';

/** What the bundle is made from; workflows import nothing else. */
const SOURCES = ['workflows', 'domain', 'package-lock.json'];

/** What is bundled: the workflows, and the interceptor that traces them. */
export const WORKFLOWS = {
  workflowsPath: join(PROJECT, 'workflows/index.ts'),
  workflowInterceptorModules: [join(PROJECT, 'workflows/tracing.ts')],
};

/**
 * The file with the workflows as workers load them, made once for each state of their sources.
 *
 * In a process of its own, since webpack leaves a worker several hundred megabytes larger, and kept, since it takes
 * seconds. Two workers that start at once may both make it; the bytes are the same.
 *
 * @param home folder for state of this machine
 * @param failureConverter file that says how failures are written, where not as usual; it belongs to the sources
 */
export async function workflowBundle(home: string, failureConverter?: string): Promise<string> {
  const kind = failureConverter === undefined ? '' : '-sealed';
  const file = join(home, 'bundles', `workflows-${await workflowsHash()}${kind}.js`);
  if (await stat(file).catch(() => undefined)) return file;
  await promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', fileURLToPath(import.meta.url), file, failureConverter ?? ''],
    {
      cwd: PROJECT,
      env: {},
    },
  );
  return file;
}

/** Hash of the sources that workflows are made from, 16 hex characters. */
export async function workflowsHash(): Promise<string> {
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

async function writeBundle(file: string, failureConverterPath?: string): Promise<void> {
  const { code } = await bundleWorkflowCode({
    ...WORKFLOWS,
    logger: silent,
    ...(failureConverterPath && { failureConverterPath }),
  });
  await mkdir(dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}.tmp`;
  await writeFile(temporary, code);
  await rename(temporary, file);
  // With failures sealed or not, it is the same state.
  const isSame = (name: string) => name.replace('-sealed', '') === basename(file).replace('-sealed', '');
  const old = (await readdir(dirname(file))).filter((name) => name.endsWith('.js') && !isSame(name));
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

const [, program, target, converter] = process.argv;
if (program === fileURLToPath(import.meta.url) && target !== undefined) await writeBundle(target, converter);
