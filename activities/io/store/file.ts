import { createHash } from 'node:crypto';
import { createReadStream, type Stats } from 'node:fs';
import { link, readdir, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { renameIf } from './rename-if.ts';
import { checkPath, StoreError, type Store } from './store.ts';
import { appear, code, copy, createEmpty, makeFolder, TEMPORARY, withTemporary } from './whole-file.ts';

/**
 * A store in a directory. Objects appear whole: written to a temporary file, flushed, then linked or renamed. A version is
 * the hash of the bytes.
 */
export function fileStore(root: string): Store {
  const at = (path: string): string => join(root, checkPath(path));
  const attempt = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw storeError(error, `${what} in store ${root}`);
    }
  };

  const find = (path: string): Promise<Buffer | undefined> =>
    attempt(`read ${path}`, async () => {
      try {
        return await readFile(at(path));
      } catch (error) {
        if (isNothing(error)) return undefined;
        throw error;
      }
    });

  return {
    url: root,
    check: () =>
      withTemporary(join(root, 'check'), new Uint8Array(), () => Promise.resolve()).catch((error: unknown) => {
        const mend = 'make it writable, or name another in LONGWRITER_STORE';
        throw new StoreError(problemOf(error), `store ${root} cannot be written (${reasonOf(error)}); ${mend}`);
      }),
    find,
    async *read(path) {
      const source = at(path);
      try {
        yield* createReadStream(source) as AsyncIterable<Uint8Array>;
      } catch (error) {
        throw isNothing(error)
          ? new StoreError('Missing', `${path} is not in store ${root}`)
          : storeError(error, `read ${path} in store ${root}`);
      }
    },
    async findVersioned(path) {
      const value = await find(path);
      return value && { value, version: versionOf(value) };
    },
    replace: (path, bytes, version) =>
      attempt(`replace ${path}`, () =>
        withTemporary(at(path), bytes, (temporary, target) =>
          renameIf(temporary, target, async () => {
            const there = await find(path);
            return there !== undefined && versionOf(there) === version;
          }),
        ),
      ),
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
    folders: (folder) =>
      attempt(`list ${folder}`, async () => {
        try {
          const entries = await readdir(folder === '' ? root : at(folder), { withFileTypes: true });
          const found = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
          return found.toSorted((a, b) => (a < b ? -1 : 1));
        } catch (error) {
          if (code(error) === 'ENOENT') return [];
          throw error;
        }
      }),
    async *describe(folder) {
      for await (const path of walk(root, folder === '' ? '' : checkPath(folder))) {
        const found = await attempt(`look at ${path}`, () => statIfThere(join(root, path)));
        if (found) yield { path, sizeBytes: found.size, changedAt: found.mtimeMs };
      }
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

const versionOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

async function* walk(root: string, folder: string): AsyncIterable<string> {
  const entries = await readdir(join(root, folder), { withFileTypes: true }).catch((error: unknown) => {
    if (code(error) === 'ENOENT') return [];
    throw storeError(error, `list ${folder} in store ${root}`);
  });
  // A bucket sorts whole paths, where a folder's name goes on with its slash.
  const names = entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name));
  // oxlint-disable-next-line unicorn/no-array-sort -- a list of our own; by code units, as toSorted would, without a copy
  for (const name of names.sort()) {
    const path = folder === '' ? name : `${folder}/${name}`;
    if (name.endsWith('/')) yield* walk(root, path.slice(0, -1));
    else if (!TEMPORARY.test(name)) yield path;
  }
}

function statIfThere(file: string): Promise<Stats | undefined> {
  return stat(file).catch((error: unknown) => {
    if (code(error) === 'ENOENT') return undefined;
    throw error;
  });
}

/** What trying again does not mend; EEXIST is a file where a folder should be. */
const PROBLEMS = new Map<string, StoreError['problem']>([
  ['ENOENT', 'Missing'],
  ...['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 'EISDIR', 'ERR_FS_EISDIR', 'ENAMETOOLONG', 'ELOOP'].map(
    (name) => [name, 'Forbidden'] as const,
  ),
]);

/** A folder is nothing to a bucket, so it is nothing here. */
function isNothing(error: unknown): boolean {
  return code(error) === 'ENOENT' || code(error) === 'EISDIR';
}

function problemOf(error: unknown): StoreError['problem'] {
  return PROBLEMS.get(code(error) ?? '') ?? 'Unavailable';
}

function reasonOf(error: unknown): string {
  return code(error) ?? String(error);
}

function storeError(error: unknown, what: string): StoreError {
  return error instanceof StoreError ? error : new StoreError(problemOf(error), `cannot ${what} (${reasonOf(error)})`);
}
