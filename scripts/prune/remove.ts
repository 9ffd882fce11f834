import type { Store } from '../../activities/io/store/store.ts';
import { configKey, ledgerFolder } from '../../domain/keys.ts';

/** Objects that are removed at a time. */
const AT_ONCE = 16;

/**
 * Removes all below a store folder, markers first: killed in the middle, nothing is left that could be taken for whole. Of a
 * run its frozen configuration goes last, so that until then it is a run that `resume` makes anew, or `prune` goes on with.
 */
export async function removeStored(store: Store, folder: string): Promise<void> {
  const paths: string[] = [];
  for await (const path of store.list(folder)) paths.push(path);
  for (const group of inOrder(paths, folder)) await removeObjects(store, group);
}

/** Removes objects, some at a time. */
export async function removeObjects(store: Store, paths: readonly string[]): Promise<void> {
  for (let at = 0; at < paths.length; at += AT_ONCE)
    await Promise.all(paths.slice(at, at + AT_ONCE).map((path) => store.remove(path)));
}

/** Groups of paths, each of which goes before the next. */
function inOrder(paths: readonly string[], folder: string): string[][] {
  const run = folder.split('/')[1] ?? '';
  const rank = (path: string): number => {
    if (path.endsWith('/manifest.json')) return 0;
    if (path.startsWith(`runs/${run}/stages/`)) return 1;
    if (path === configKey(run)) return 5;
    if (/^runs\/[^/]+\/config\.\d+\.json$/.test(path)) return 4;
    return path.startsWith(ledgerFolder(run)) ? 3 : 2;
  };
  return [0, 1, 2, 3, 4, 5].map((one) => {
    const group = paths.filter((path) => rank(path) === one);
    // Of the revisions the newest goes first: what is left is a run under its earlier configuration.
    return one === 4 ? group.toSorted((a, b) => b.localeCompare(a, 'en', { numeric: true })) : group;
  });
}
