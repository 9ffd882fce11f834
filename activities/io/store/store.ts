/**
 * Where a run's text lives: a directory or a bucket, behind one interface. Paths are relative, with forward slashes.
 * Everything here fails with a StoreError.
 */
export interface Store {
  /** Where it is, for messages. */
  readonly url: string;
  /** The bytes at a path, or undefined where there is nothing. */
  find(path: string): Promise<Uint8Array | undefined>;
  /** Writes where there is nothing yet; `false` where something is there, which stays as it is. */
  createIfAbsent(path: string, bytes: Uint8Array): Promise<boolean>;
  /** Writes a view: what is derived from other objects and can be made again. */
  putView(path: string, bytes: Uint8Array): Promise<void>;
  /** Paths below a folder, or all for '', in the order of their characters. */
  list(folder: string): AsyncIterable<string>;
  /** Removes what is no longer needed, such as an old checkpoint; nothing there is no error. */
  remove(path: string): Promise<void>;
  /** Copies a local file in, overwriting; the file must not change afterwards. */
  upload(path: string, localFile: string): Promise<void>;
  /** Copies an object to a local file, which appears whole or not at all. */
  download(path: string, localFile: string): Promise<void>;
}

/**
 * A store path as it was given, where it can be one: names between single slashes, none of them `.` or `..`.
 *
 * Fails with StoreError `Forbidden`, since such a path leaves the store, or names different objects in different stores.
 */
export function checkPath(path: string): string {
  if (path.includes('\0') || path.split('/').some((name) => name === '' || name === '.' || name === '..'))
    throw new StoreError('Forbidden', `${JSON.stringify(path)} is no path inside the store`);
  return path;
}

/** A store that cannot do what was asked. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly problem: 'Unavailable' | 'Forbidden' | 'Missing';
  constructor(problem: 'Unavailable' | 'Forbidden' | 'Missing', message: string) {
    super(message);
    this.problem = problem;
  }
}
