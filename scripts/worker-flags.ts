import { ENDPOINT_NAMES, ROLES, type EndpointName, type Role } from '../domain/names.ts';
import { readDuration } from './durations.ts';
import { CommandError, EXIT } from './exit.ts';
import { oneOf } from './one-of.ts';

/** The worker command's options, as typed. */
export interface WorkerOptions {
  readonly endpoint: readonly string[];
  readonly maxActivities?: string;
  readonly maxWorkflowTasks?: string;
  readonly maxCachedWorkflows?: string;
  readonly shutdownGrace: string;
  readonly endJobs?: boolean;
  readonly health?: string;
  readonly buildId?: string;
  readonly deployment: string;
  readonly promote?: boolean;
  readonly wait: string;
  readonly json?: boolean;
}

/** What of the settings of workers can be typed. */
export interface TypedSettings {
  readonly endpoints?: readonly EndpointName[];
  readonly maxActivities?: number;
  readonly maxWorkflowTasks?: number;
  readonly maxCachedWorkflows?: number;
  /** Milliseconds. */
  readonly shutdownGraceMs: number;
  readonly endsJobs?: boolean;
}

/** A version of a worker deployment. */
export interface TypedVersion {
  readonly deploymentName: string;
  readonly buildId: string;
}

/** The roles that were typed; all where none was. Fails with exit code 2. */
export function readRoles(typed: readonly string[]): readonly Role[] {
  const roles = typed.map((role) => oneOf('role', role, [...ROLES, 'all']));
  return roles.length === 0 || roles.includes('all') ? ROLES : ROLES.filter((role) => roles.includes(role));
}

/** How the workers are to be set up. Fails with exit code 2. */
export function readSettings(roles: readonly Role[], options: WorkerOptions): TypedSettings {
  const endpoints = readEndpoints(options.endpoint);
  if (endpoints && !roles.includes('llm'))
    throw new CommandError(EXIT.usage, '--endpoint says what llm workers do, and none is started');
  if (options.endJobs && !roles.includes('gpu'))
    throw new CommandError(EXIT.usage, '--end-jobs says what a gpu worker does, and none is started');
  const maxActivities = readCount('--max-activities', options.maxActivities);
  const maxWorkflowTasks = readCount('--max-workflow-tasks', options.maxWorkflowTasks);
  const maxCachedWorkflows = readCount('--max-cached-workflows', options.maxCachedWorkflows);
  // Temporal's worker takes no fewer while it keeps workflows in memory.
  if (maxWorkflowTasks === 1)
    throw new CommandError(
      EXIT.usage,
      '--max-workflow-tasks 1: expected 2 or more, since workflows are kept in memory',
    );
  return {
    ...(endpoints && { endpoints }),
    ...(maxActivities !== undefined && { maxActivities }),
    ...(maxWorkflowTasks !== undefined && { maxWorkflowTasks }),
    ...(maxCachedWorkflows !== undefined && { maxCachedWorkflows }),
    ...(options.endJobs && { endsJobs: true }),
    shutdownGraceMs: readDuration('--shutdown-grace', options.shutdownGrace),
  };
}

/** The version of the workers, where there is one; its build id may be `auto`. Fails with exit code 2. */
export function readVersion({ buildId, deployment }: WorkerOptions): TypedVersion | undefined {
  // Temporal joins both by a dot or a colon.
  if (!/^[\w-]{1,100}$/.test(deployment))
    throw new CommandError(EXIT.usage, `--deployment ${deployment}: expected 1 to 100 letters, digits, "-" or "_"`);
  if (buildId === undefined) return undefined;
  if (!/^[\w.-]{1,100}$/.test(buildId))
    throw new CommandError(EXIT.usage, `--build-id ${buildId}: expected 1 to 100 letters, digits, ".", "-" or "_"`);
  return { deploymentName: deployment, buildId };
}

/** Where health is served. Fails with exit code 2. */
export function readPlace(text: string): { readonly host: string; readonly port: number } {
  const { host, port } = /^(?:(?<host>\[[\da-fA-F:.]+\]|[^:[\]]*):)?(?<port>\d{1,5})$/.exec(text)?.groups ?? {};
  if (port === undefined || Number(port) > 65_535)
    throw new CommandError(EXIT.usage, `--health ${text}: expected PORT or HOST:PORT, such as 8090 or 0.0.0.0:8090`);
  return { host: host?.replaceAll(/[[\]]/g, '') || '127.0.0.1', port: Number(port) };
}

function readEndpoints(typed: readonly string[]): readonly EndpointName[] | undefined {
  const endpoints = typed.map((name) => oneOf('--endpoint', name, ENDPOINT_NAMES));
  return endpoints.length === 0 ? undefined : ENDPOINT_NAMES.filter((name) => endpoints.includes(name));
}

function readCount(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new CommandError(EXIT.usage, `${option} ${text}: expected a whole number above 0`);
}
