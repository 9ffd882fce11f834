import { join } from 'node:path';
import type { ModelReference } from '../domain/schemas/run.ts';
import type { ActivityDeps } from './deps.ts';
import { downloadFolder } from './folder.ts';
import { StoreError } from './io/store/store.ts';

/** Where a model lies on this node, fetched from the store where it is not here yet. Hub names stay as they are. */
export async function fetchModel(deps: ActivityDeps, model: ModelReference): Promise<string> {
  if (model.location.kind === 'node') return model.location.path;
  if (model.location.kind !== 'store') throw new TypeError(`the ${model.name} model has no weights`);
  const local = join(modelFolder(deps, model.identity), 'weights');
  if (!(await downloadFolder(deps.store, model.location.folder, local))) {
    throw new StoreError('Missing', `${model.location.folder} holds no whole model`);
  }
  return local;
}

/** This node's folder for a model and what is made from it. */
export function modelFolder(deps: ActivityDeps, identity: string): string {
  return join(deps.node.home, 'work', 'models', identity.replace(/[^a-zA-Z0-9._-]/g, '_').slice(0, 80));
}
