import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What the environment tells a process; this is the only place that reads it. */
export interface Environment {
  /** Where Temporal's frontend listens. */
  readonly temporalAddress: string;
  readonly temporalNamespace: string;
  /** A directory, or gs://bucket/prefix. */
  readonly storeUrl: string;
  /** The folder for state of this machine: the embedded services, a GPU node's work. */
  readonly home: string;
  /** Base URL of the embedded model server, for endpoints that say `embedded`. */
  readonly embeddedModelUrl: string | undefined;
  /** Python with the trainer installed. */
  readonly trainerPython: string;
  /** The folders in which programs are looked for. */
  readonly searchPath: string;
  /** A value by the name that a configuration gives, such as an API key. */
  readonly secret: (name: string) => string | undefined;
}

/** The project's own folder. */
export const PROJECT = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/** Reads the environment, with the embedded defaults. */
export function readEnvironment(env: NodeJS.ProcessEnv = process.env): Environment {
  const home = resolve(env['LONGWRITER_HOME'] ?? join(PROJECT, '.longwriter'));
  return {
    temporalAddress: env['TEMPORAL_ADDRESS'] ?? embeddedAddress(home) ?? '127.0.0.1:7233',
    temporalNamespace: env['TEMPORAL_NAMESPACE'] ?? 'default',
    storeUrl: env['LONGWRITER_STORE'] ?? join(home, 'store'),
    home,
    embeddedModelUrl: env['LONGWRITER_EMBEDDED_MODEL_URL'],
    trainerPython:
      env['LONGWRITER_TRAINER_PYTHON'] ?? join(PROJECT, '.longwriter', 'python', 'trainer', 'bin', 'python'),
    searchPath: env['PATH'] ?? '',
    secret: (name) => env[name],
  };
}

/** The embedded server may have had to take another port; its lock says which. */
function embeddedAddress(home: string): string | undefined {
  try {
    const lock = JSON.parse(readFileSync(join(home, 'lock.json'), 'utf8')) as { temporalAddress?: string };
    return lock.temporalAddress;
  } catch {
    return undefined;
  }
}
