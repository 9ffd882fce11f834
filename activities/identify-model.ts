import { stat } from 'node:fs/promises';
import { fingerprint } from '../domain/fingerprint.ts';
import { STORE_MODEL } from '../domain/names.ts';
import type { ManifestFile } from '../domain/schemas/dataset.ts';
import type { ModelReference } from '../domain/schemas/run.ts';
import { fillCommandPart } from './command.ts';
import type { ActivityDeps } from './deps.ts';
import { failure } from './failures.ts';
import { whileBeating } from './heartbeat.ts';
import { findManifest, hashFolder } from './folder.ts';
import { StoreError } from './io/store/store.ts';
import type { RunReference } from './run-files.ts';

export interface IdentifyModelInput extends RunReference {
  /** Its name in `evaluation.alone.models`; the model that training starts from where unset. */
  readonly name?: string;
}

/**
 * The model that training starts from, or one that an evaluation was given: the hash of its files where it is a folder on
 * this node or of the store, else its hub name. Fails with Store.Missing where the store has no such model.
 */
export async function identifyModel(deps: ActivityDeps, input: IdentifyModelInput): Promise<ModelReference> {
  const { training, evaluation } = await deps.files.config(input);
  const { name = 'base' } = input;
  const place = input.name === undefined ? training.baseModel : evaluation.alone?.models[input.name];
  if (place === undefined) throw failure('Config.Invalid', `evaluation.alone.models has no ${name}`);
  const path = fillCommandPart(place, deps.node.commandValues);
  if (path.startsWith(STORE_MODEL)) {
    const folder = path.slice(STORE_MODEL.length);
    const manifest = await findManifest(deps.store, folder);
    if (!manifest) throw new StoreError('Missing', `${folder} holds no whole model`);
    return { name, identity: modelIdentityOf(manifest.files), location: { kind: 'store', folder } };
  }
  const folder = await stat(path).catch(() => undefined);
  const identity = folder?.isDirectory()
    ? await whileBeating(async () => modelIdentityOf(await hashFolder(path)))
    : `hub:${path}`;
  return { name, identity, location: { kind: 'node', path } };
}

/** The identity of a model: a fingerprint of the hashes of its weights, tokenizer and settings. */
export function modelIdentityOf(files: readonly ManifestFile[]): string {
  return fingerprint(files.filter(({ path }) => path !== 'complete.json').map(({ path, sha256 }) => [path, sha256]));
}
