import { randomUUID } from 'node:crypto';
import { constants, type Dirent } from 'node:fs';
import { copyFile, link, mkdir, open, readdir, readFile, realpath, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { checkPath, StoreError, type Store } from './store.ts';

/** A store in a directory. Objects appear whole: written to a temporary file, flushed, then linked or renamed. */
export function fileStore(root: string): Store {
  const at = (path: string): string => join(root, checkPath(path));
  const attempt = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw storeError(error, `${what} in store ${root}`);
    }
  };

  return {
    url: root,
    find: (path) =>
      attempt(`read ${path}`, async () => {
        try {
          return await readFile(at(path));
        } catch (error) {
          // A folder is nothing to a bucket, so it is nothing here.
          if (code(error) === 'ENOENT' || code(error) === 'EISDIR') return undefined;
          throw error;
        }
      }),
    createIfAbsent: (path, bytes) =>
      attempt(`create ${path}`, () =>
        bytes.byteLength === 0
          ? createEmpty(at(path))
          : withTemporary(at(path), bytes, async (temporary, target) => {
              try {
                await link(temporary, target);
                return true;
              } catch (error) {
                if (code(error) === 'EEXIST') return false;
                throw error;
              }
            }),
      ),
    putView: (path, bytes) =>
      attempt(`write ${path}`, () => withTemporary(at(path), bytes, (temporary, target) => rename(temporary, target))),
    async *list(folder) {
      yield* walk(root, folder === '' ? '' : checkPath(folder));
    },
    remove: (path) => attempt(`remove ${path}`, () => rm(at(path), { force: true })),
    upload: (path, localFile) =>
      attempt(`upload ${path}`, async () => {
        const target = at(path);
        await makeFolder(dirname(target));
        // A link costs nothing where the store is on the same disk, and what is uploaded is never changed afterwards.
        // Of a symbolic link (a model hub's cache is full of them) it is the file behind that is meant.
        const source = await realpath(localFile);
        await appear(target, (temporary) => link(source, temporary).catch(() => copy(source, temporary)));
      }),
    download: (path, localFile) =>
      attempt(`download ${path}`, async () => {
        const source = at(path);
        await makeFolder(dirname(localFile));
        // No link: who writes to the local file must not write into the store.
        await appear(localFile, (temporary) => copy(source, temporary));
      }),
  };
}

const TEMPORARY = /\.[0-9a-f-]{36}\.tmp$/;
const temporaryName = (target: string): string => `${target}.${randomUUID()}.tmp`;

const copy = (from: string, to: string): Promise<void> => copyFile(from, to, constants.COPYFILE_FICLONE);

/** Makes a file beside its target and moves it there. */
async function appear(target: string, make: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = temporaryName(target);
  try {
    await make(temporary);
    await rename(temporary, target);
  } finally {
    // Also after success: renaming one link of a file onto another link of it does nothing and leaves the first.
    await rm(temporary, { force: true });
  }
}

async function withTemporary<T>(
  target: string,
  bytes: Uint8Array,
  finish: (temporary: string, target: string) => Promise<T>,
): Promise<T> {
  const temporary = temporaryName(target);
  try {
    const file = await inFolder(temporary, () => open(temporary, 'wx'));
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    return await finish(temporary, target);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Makes a file without content, which has no other half that could be missing. */
async function createEmpty(target: string): Promise<boolean> {
  try {
    await (await inFolder(target, () => open(target, 'wx'))).close();
    return true;
  } catch (error) {
    if (code(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Makes something in a folder, which is nearly always there already. */
async function inFolder<T>(path: string, make: () => Promise<T>): Promise<T> {
  try {
    return await make();
  } catch (error) {
    if (code(error) !== 'ENOENT') throw error;
    await makeFolder(dirname(path));
    return make();
  }
}

async function* walk(root: string, folder: string): AsyncIterable<string> {
  const entries = await readdir(join(root, folder), { withFileTypes: true }).catch((error: unknown) => {
    if (code(error) === 'ENOENT') return [];
    throw storeError(error, `list ${folder} in store ${root}`);
  });
  // A bucket sorts whole paths, where a folder's name goes on with its slash.
  const key = (entry: Dirent): string => (entry.isDirectory() ? `${entry.name}/` : entry.name);
  for (const entry of entries.toSorted((a, b) => (key(a) < key(b) ? -1 : 1))) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) yield* walk(root, path);
    else if (!TEMPORARY.test(entry.name)) yield path;
  }
}

/** What trying again does not mend; EEXIST is a file where a folder should be. */
const PROBLEMS = new Map<string, StoreError['problem']>([
  ['ENOENT', 'Missing'],
  ...['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 'EISDIR', 'ERR_FS_EISDIR', 'ENAMETOOLONG', 'ELOOP'].map(
    (name) => [name, 'Forbidden'] as const,
  ),
]);

function code(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code;
}

function storeError(error: unknown, what: string): StoreError {
  if (error instanceof StoreError) return error;
  return new StoreError(
    PROBLEMS.get(code(error) ?? '') ?? 'Unavailable',
    `cannot ${what} (${code(error) ?? String(error)})`,
  );
}

/** Makes a folder and those above it. Node's own recursive mkdir never returns where the system refuses, as in /proc. */
async function makeFolder(folder: string): Promise<void> {
  const made = await mkdir(folder).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (made === undefined || code(made) === 'EEXIST') return;
  const parent = dirname(folder);
  if (code(made) !== 'ENOENT' || parent === folder) throw made;
  await makeFolder(parent);
  await mkdir(folder).catch((error: unknown) => {
    if (code(error) !== 'EEXIST') throw error;
  });
}
