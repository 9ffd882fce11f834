import { readEnvironment } from '../../configs/env.ts';
import { serveHealth, type HealthServer } from '../../workers/health.ts';
import { installRuntime } from '../../workers/runtime.ts';
import { startWorkers, type RunningWorkers, type WorkerSettings } from '../../workers/run-worker.ts';
import { watchServer, type ServerWatch } from '../../workers/server-watch.ts';
import { workflowsHash } from '../../workers/workflow-bundle.ts';
import { withSession, type Session } from '../connect.ts';
import { deploymentIfTold, describeDeployment, promote } from '../deployment.ts';
import { readDuration } from '../durations.ts';
import { CommandError, EXIT } from '../exit.ts';
import { readPlace, readRoles, readSettings, readVersion, type WorkerOptions } from '../worker-flags.ts';

/** Runs workers until a signal ends them, or makes the version of others current. */
export async function worker(typed: readonly string[], options: WorkerOptions): Promise<number> {
  if (options.promote) return promoteVersion(typed, options);
  const roles = readRoles(typed);
  const version = await versionOf(options);
  const settings = { ...readSettings(roles, options), ...(version && { version }) };
  const place = options.health === undefined ? undefined : readPlace(options.health);
  let workers: RunningWorkers | undefined;
  let server: ServerWatch | undefined;
  const buildId = settings.version?.buildId;
  const health = place && (await listen(place, { roles, buildId, workers: () => workers, server: () => server }));
  try {
    await withSession((session) => check(session, settings));
    const environment = readEnvironment();
    installRuntime(environment.telemetry);
    workers = await startWorkers(environment, roles, settings);
    server = health && watchServer(workers.connection);
    endOnSignals(workers, settings);
    const what = { state: 'polling', roles, ...(buildId && { buildId }), ...(health && { health: health.url }) };
    if (options.json) console.log(JSON.stringify(what));
    else console.error(`polling as ${roles.join(', ')}${buildId ? `, build ${buildId}` : ''}; Ctrl-C ends`);
    await workers.ended.catch((error: unknown) => {
      throw new CommandError(EXIT.failed, `a worker failed: ${(error as Error).message}`);
    });
    return EXIT.done;
  } finally {
    await workers?.stop();
    server?.end();
    await health?.close();
  }
}

/** The version that was typed; `auto` is what its workflows are made from. */
async function versionOf(options: WorkerOptions): Promise<WorkerSettings['version']> {
  const version = readVersion(options);
  return version?.buildId === 'auto' ? { ...version, buildId: await workflowsHash() } : version;
}

async function listen(
  place: { host: string; port: number },
  source: Parameters<typeof serveHealth>[1],
): Promise<HealthServer> {
  return serveHealth(place, source).catch((error: unknown) => {
    throw new CommandError(EXIT.usage, `--health: ${(error as Error).message}`);
  });
}

/** Fails with exit code 2 where namespace or store are not there; says what keeps these workers from getting work. */
async function check({ client, store }: Session, { version }: WorkerSettings): Promise<void> {
  await client.workflowService.describeNamespace({ namespace: client.options.namespace });
  await store.check();
  const state = await (version ? describeDeployment(client, version.deploymentName) : deploymentIfTold(client));
  if (version && state?.current !== version.buildId) {
    const { deploymentName, buildId } = version;
    const instead = state?.current ? `build ${state.current} gets the work` : 'nothing runs';
    console.error(
      `deployment ${deploymentName}: ${instead} until: longwriter worker --promote --build-id ${buildId}` +
        (deploymentName === 'longwriter' ? '' : ` --deployment ${deploymentName}`),
    );
  }
  if (!version && state?.current)
    console.error(
      `build ${state.current} of deployment longwriter gets the work, and these workers have no --build-id`,
    );
}

/** The first signal lets calls under way end, the second ends the process. */
function endOnSignals(workers: RunningWorkers, { shutdownGraceMs = 0 }: WorkerSettings): void {
  let ending = false;
  const onSignal = () => {
    if (ending) process.exit(EXIT.interrupted);
    ending = true;
    const seconds = Math.round(shutdownGraceMs / 1000);
    console.error(`ending; model calls under way have ${seconds} s (once more: end at once)`);
    void workers.stop();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
}

async function promoteVersion(roles: readonly string[], options: WorkerOptions): Promise<number> {
  const version = await versionOf(options);
  if (!version) throw new CommandError(EXIT.usage, '--promote: which version? give --build-id');
  if (roles.length > 0)
    throw new CommandError(EXIT.usage, '--promote starts no worker: start them without it, then promote them');
  const { deploymentName: deployment, buildId } = version;
  const waitMs = readDuration('--wait', options.wait);
  const { before, missing } = await withSession(({ client }) => promote(client, { deployment, buildId, waitMs }));
  if (missing.length > 0) console.error(`no worker of build ${buildId} polls ${missing.join(', ')}`);
  if (options.json) console.log(JSON.stringify({ deployment, current: buildId, before: before ?? null, missing }));
  else if (before === buildId) console.log(`build ${buildId} of deployment ${deployment} is current already`);
  else console.log(`build ${buildId} of deployment ${deployment} is current; before it ${before ?? 'none'} was`);
  return EXIT.done;
}
