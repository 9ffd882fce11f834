import type { Environment } from '../configs/env.ts';

/** Where the Temporal UI shows a run, and the list of all of its workflows; undefined where no UI is known. */
export function runAddress(
  { uiUrl }: Pick<Environment, 'uiUrl'>,
  namespace: string,
  run: string,
): { readonly run: string; readonly list: string } | undefined {
  if (uiUrl === undefined) return undefined;
  const workflows = `${uiUrl.replace(/\/+$/, '')}/namespaces/${encodeURIComponent(namespace)}/workflows`;
  return {
    run: `${workflows}/${encodeURIComponent(run)}`,
    list: `${workflows}?query=${encodeURIComponent(`LwRun="${run}"`)}`,
  };
}
