import { fileStore } from './file.ts';
import { gcsStore } from './gcs.ts';
import type { Store } from './store.ts';

/** Opens the store at a URL: gs://bucket/prefix, or a directory. */
export function openStore(url: string): Store {
  return url.startsWith('gs://') ? gcsStore(url) : fileStore(url);
}
