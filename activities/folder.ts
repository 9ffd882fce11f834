import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Manifest, type ManifestFile } from '../domain/schemas/dataset.ts';
import { findJson, jsonBytes } from './io/store/json.ts';
import type { Store } from './io/store/store.ts';

/** The manifest of a store folder, or undefined where the folder is not whole. */
export function findManifest(store: Store, folder: string): Promise<Manifest | undefined> {
  return findJson(store, `${folder}/manifest.json`, Manifest);
}

/** Writes the files of a folder, then its manifest, last. */
export async function writeFolder(
  store: Store,
  folder: string,
  inputs: string,
  files: readonly { path: string; bytes: Uint8Array; rows?: number }[],
  counts: Readonly<Record<string, number>>,
): Promise<Manifest> {
  const listed: ManifestFile[] = [];
  for (const { path, bytes, rows } of files) {
    await store.putView(`${folder}/${path}`, bytes);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    listed.push({ path, sizeBytes: bytes.byteLength, sha256, ...(rows === undefined ? {} : { rows }) });
  }
  const manifest: Manifest = { inputs, files: listed, counts: { ...counts } };
  await store.putView(`${folder}/manifest.json`, jsonBytes(manifest));
  return manifest;
}

/** Uploads files of a local folder, then their manifest, last. */
export async function uploadFiles(
  store: Store,
  folder: string,
  local: string,
  files: readonly { readonly path: string; readonly rows?: number }[],
  about: Omit<Manifest, 'files'>,
): Promise<void> {
  const listed: ManifestFile[] = [];
  for (const { path, rows } of files) {
    listed.push({ ...(await describeFile(local, path)), ...(rows === undefined ? {} : { rows }) });
    await store.upload(`${folder}/${path}`, join(local, path));
  }
  await store.putView(`${folder}/manifest.json`, jsonBytes({ ...about, files: listed } satisfies Manifest));
}

/** Uploads a local folder, then its manifest, last. */
export async function uploadFolder(store: Store, folder: string, local: string, inputs: string): Promise<Manifest> {
  const files = await hashFolder(local);
  for (const { path } of files) await store.upload(`${folder}/${path}`, join(local, path));
  const manifest: Manifest = { inputs, files, counts: {} };
  await store.putView(`${folder}/manifest.json`, jsonBytes(manifest));
  return manifest;
}

/** Fetches a whole store folder to a local one; `false` where it is not whole in the store. */
export async function downloadFolder(store: Store, folder: string, local: string): Promise<boolean> {
  const manifest = await findManifest(store, folder);
  if (!manifest) return false;
  for (const { path, sizeBytes } of manifest.files) {
    const target = join(local, path);
    const there = await stat(target).catch(() => undefined);
    if (there?.size !== sizeBytes) await store.download(`${folder}/${path}`, target);
  }
  return true;
}

/** The files of a local folder with sizes and SHA-256, in order of their paths. */
export async function hashFolder(local: string): Promise<ManifestFile[]> {
  const entries = await readdir(local, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(paths.toSorted().map((path) => describeFile(local, path.slice(local.length + 1))));
}

async function describeFile(local: string, path: string): Promise<ManifestFile> {
  const file = join(local, path);
  return { path, sizeBytes: (await stat(file)).size, sha256: await hashFile(file) };
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
