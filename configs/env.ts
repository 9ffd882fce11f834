import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigError } from '../domain/config-error.ts';
import { readTelemetry, type TelemetrySettings } from './telemetry.ts';

/** What the environment tells a process; this is the only place that reads it. */
export interface Environment {
  /** Where Temporal's frontend listens, where something says so before a profile does. */
  readonly temporalAddress: string | undefined;
  readonly temporalNamespace: string | undefined;
  /** Where the embedded server listens, or would. */
  readonly embeddedAddress: string;
  /** Temporal's own settings: its variables, and where it looks for its configuration file. They may hold a key. */
  readonly temporalSettings: () => Readonly<Record<string, string>>;
  /** Base URL of Temporal's UI. */
  readonly uiUrl: string | undefined;
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
  /** What this process tells of itself, and to whom. */
  readonly telemetry: TelemetrySettings;
  /**
   * A secret by its name, such as an API key: the variable of that name, or what is in the file that `<name>_FILE` names, without
   * a newline at its end. Fails with ConfigError where there is no such file.
   */
  readonly secret: (name: string) => string | undefined;
}

/** The project's own folder. */
export const PROJECT = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/** Reads the environment, with the embedded defaults. */
export function readEnvironment(env: NodeJS.ProcessEnv = process.env): Environment {
  const home = resolve(env['LONGWRITER_HOME'] ?? join(PROJECT, '.longwriter'));
  const embedded = embeddedPlaces(home);
  return {
    temporalAddress: env['TEMPORAL_ADDRESS'] || undefined,
    temporalNamespace: env['TEMPORAL_NAMESPACE'] || undefined,
    embeddedAddress: embedded.temporalAddress ?? '127.0.0.1:7233',
    temporalSettings: () => temporalSettings(env),
    uiUrl: env['TEMPORAL_UI_URL'] ?? (isElsewhere(env) ? undefined : embedded.uiUrl),
    storeUrl: env['LONGWRITER_STORE'] ?? join(home, 'store'),
    home,
    embeddedModelUrl: env['LONGWRITER_EMBEDDED_MODEL_URL'],
    trainerPython:
      env['LONGWRITER_TRAINER_PYTHON'] ?? join(PROJECT, '.longwriter', 'python', 'trainer', 'bin', 'python'),
    searchPath: env['PATH'] ?? '',
    telemetry: readTelemetry(env),
    secret: (name) => readSecret(env, name),
  };
}

/** Whether Temporal is told to be somewhere else than embedded. A profile may name an address, too. */
const isElsewhere = (env: NodeJS.ProcessEnv): boolean =>
  ['TEMPORAL_ADDRESS', 'TEMPORAL_PROFILE', 'TEMPORAL_CONFIG_FILE'].some((name) => env[name]);

/** The embedded server may have had to take another port; its lock says which. */
function embeddedPlaces(home: string): { readonly temporalAddress?: string; readonly uiUrl?: string } {
  try {
    return JSON.parse(readFileSync(join(home, 'lock.json'), 'utf8')) as { temporalAddress?: string; uiUrl?: string };
  } catch {
    return {};
  }
}

/** The variables that Temporal's own programs read; a set but empty one says nothing. */
function temporalSettings(env: NodeJS.ProcessEnv): Record<string, string> {
  const places = ['HOME', 'XDG_CONFIG_HOME', 'APPDATA'];
  const settings: Record<string, string> = {};
  for (const [name, value] of Object.entries(env))
    if (value && (name.startsWith('TEMPORAL_') || places.includes(name))) settings[name] = value;
  return settings;
}

function readSecret(env: NodeJS.ProcessEnv, name: string): string | undefined {
  const file = env[`${name}_FILE`];
  if (env[name] || !file) return env[name];
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ConfigError(`${name}_FILE names ${file}, which cannot be read (${code}); mount the secret there`);
  }
}

/** How text on standard output may look. */
export interface TerminalSettings {
  /** Whether what was printed may be drawn over. */
  readonly live: boolean;
  readonly colour: boolean;
}

/**
 * Reads TERM, CI, NO_COLOR and FORCE_COLOR as most programs do: the former of the latter two wins.
 * @param isTerminal `isTTY` of the stream, which is undefined on a pipe, whatever its type says.
 */
export function readTerminal(isTerminal: boolean | undefined, env: NodeJS.ProcessEnv = process.env): TerminalSettings {
  const draws = isTerminal === true && env['TERM'] !== 'dumb';
  const force = env['FORCE_COLOR'];
  const isForced = force !== undefined && !['', '0', 'false'].includes(force);
  return {
    live: draws && !env['CI'],
    colour: !env['NO_COLOR'] && (isForced || (draws && force === undefined)),
  };
}
