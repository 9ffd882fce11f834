/**
 * Where a run's text lives: a directory or a bucket, behind one interface. Paths are relative, with forward slashes.
 * Everything here fails with a StoreError.
 *
 * A call that failed as `Unavailable` may have taken effect all the same, when only its answer was lost. Made again,
 * `createIfAbsent` and `replace` then say `false`, and what is stored are the caller's own bytes.
 */
export interface Store {
  /** Where it is, for messages. */
  readonly url: string;
  /** Fails in one line that says what to do unless the store is there and open to us; leaves no object. */
  check(): Promise<void>;
  /** The bytes at a path, or undefined where there is nothing. */
  find(path: string): Promise<Uint8Array | undefined>;
  /**
   * The bytes at a path as they come, in constant memory. Fails with `Missing` where there is nothing, and with
   * `Unavailable`, after what has come, where the rest does not come or its checksum is wrong: use nothing before the end.
   */
  read(path: string): AsyncIterable<Uint8Array>;
  /** Writes where there is nothing yet; `false` where something is there, which stays as it is. */
  createIfAbsent(path: string, bytes: Uint8Array): Promise<boolean>;
  /** The bytes at a path and their version, or undefined where there is nothing. */
  findVersioned(path: string): Promise<Versioned<Uint8Array> | undefined>;
  /**
   * Replaces what still has this version; `false` where it has another by now, or is gone. What is replaced is made by
   * createIfAbsent and never written by `putView`, which asks nobody.
   */
  replace(path: string, bytes: Uint8Array, version: string): Promise<boolean>;
  /** Writes a view: what is derived from other objects and can be made again. */
  putView(path: string, bytes: Uint8Array): Promise<void>;
  /** Paths below a folder, or all for '', in the order of their characters. */
  list(folder: string): AsyncIterable<string>;
  /** Names of the folders directly below one, in the order of their characters; what is in them is not looked at. */
  folders(folder: string): Promise<readonly string[]>;
  /** The same with sizes and times; what is removed meanwhile is passed over. */
  describe(folder: string): AsyncIterable<StoredObject>;
  /** Removes what is no longer needed, such as an old checkpoint; nothing there is no error. */
  remove(path: string): Promise<void>;
  /** Copies a local file in, overwriting, in constant memory; the file must not change afterwards. */
  upload(path: string, localFile: string): Promise<void>;
  /** Copies an object to a local file, which appears whole or not at all, in constant memory. */
  download(path: string, localFile: string): Promise<void>;
}

/** An object as a listing tells it. */
export interface StoredObject {
  readonly path: string;
  readonly sizeBytes: number;
  /** Milliseconds since 1970 at which its bytes came to be; of a linked upload those at which the local file did. */
  readonly changedAt: number;
}

/** What was read, and the version that `replace` asks for. */
export interface Versioned<T> {
  readonly value: T;
  readonly version: string;
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
