import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, Runtime } from '@temporalio/worker';
import getPort from 'get-port';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { fileStore } from '../../activities/io/store/file.ts';
import { PROJECT, readEnvironment } from '../../configs/env.ts';
import { startEndpoint, type Endpoint } from '../../scripts/bench/endpoint.ts';
import { describeDeployment, promote } from '../../scripts/deployment.ts';
import { startTemporal, type TemporalServer } from '../../scripts/embedded/temporal.ts';
import { startWorkers, type Role, type RunningWorkers } from '../../workers/run-worker.ts';
import { startGeneration } from '../generation-run.ts';
import { missing } from '../parts.ts';

const logger = new DefaultLogger('ERROR');
Runtime.install({ logger });

const PATCH = 'wait-before-the-walk';

describe.skipIf(missing('services'))('a release', () => {
  let home: string;
  let temporal: TemporalServer;
  let client: Client;
  let endpoint: Endpoint;
  const running: RunningWorkers[] = [];

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'longwriter-versions-'));
    const place = {
      home,
      project: PROJECT,
      registry: join(home, 'processes'),
      port: await getPort({ host: '127.0.0.1' }),
    };
    [temporal, endpoint] = await Promise.all([
      startTemporal(place),
      startEndpoint({ latencyMs: 500, sections: 3, words: 80, faults: {} }),
    ]);
    client = new Client({ connection: await Connection.connect({ address: temporal.address }) });
  });
  afterAll(async () => {
    await Promise.all(running.map((workers) => workers.stop()));
    await endpoint?.close();
    await client?.connection.close();
    await temporal?.process.stop(0);
    await rm(home, { recursive: true, force: true });
  });

  async function startBuild(buildId: string, roles: readonly Role[], workflows?: string): Promise<RunningWorkers> {
    const environment = readEnvironment({ LONGWRITER_HOME: home, TEMPORAL_ADDRESS: temporal.address });
    const version = { deploymentName: 'longwriter', buildId };
    const workers = await startWorkers(environment, roles, { version, ...(workflows && { workflows }) });
    running.push(workers);
    return workers;
  }

  const start = (run: string, samples: number) =>
    startGeneration({
      ...{ client, store: fileStore(join(home, 'store')), home, baseUrl: endpoint.baseUrl, run, samples },
      overrides: ['endpoints.writer.limits.inFlight=2'],
    });
  const promoteBuild = (buildId: string, waitMs = 60_000) =>
    promote(client, { deployment: 'longwriter', buildId, waitMs });

  /** The last build that worked on a run, and whether the run took the patch. */
  async function historyOf(run: string): Promise<{ build: string | null | undefined; patched: boolean }> {
    const handle = client.workflow.getHandle(run);
    const { raw } = await handle.describe();
    const { events = [] } = await handle.fetchHistory();
    const patched = events!.some(({ markerRecordedEventAttributes: marker }) => marker?.markerName === 'core_patch');
    return { build: raw.workflowExecutionInfo?.versioningInfo?.deploymentVersion?.buildId, patched };
  }

  test('lets an open run finish under changed workflows, and new ones take the change', async () => {
    expect(await describeDeployment(client)).toBeUndefined();
    const [first, changed] = await Promise.all([startBuild('1', ['pipeline', 'llm']), changedWorkflows(home)]);
    expect(await promoteBuild('1')).toEqual({ missing: [] });
    await start('open', 6);
    await vi.waitFor(() => expect(endpoint.stats().answered).toBeGreaterThan(3), { timeout: 30_000 });
    expect(await historyOf('open')).toEqual({ build: '1', patched: false });

    await startBuild('2', ['pipeline', 'llm'], changed);
    expect(await promoteBuild('2')).toEqual({ before: '1', missing: [] });
    await first.stop();
    expect(await client.workflow.getHandle('open').result()).toMatchObject({ failed: 0 });
    expect(await historyOf('open')).toEqual({ build: '2', patched: false });
    expect(endpoint.stats()).toMatchObject({ paidAgain: 0 });

    await start('new', 1);
    expect(await client.workflow.getHandle('new').result()).toMatchObject({ failed: 0 });
    expect(await historyOf('new')).toEqual({ build: '2', patched: true });
    const { current, versions } = (await describeDeployment(client))!;
    expect({ current, versions: versions.toSorted() }).toEqual({ current: '2', versions: ['1', '2'] });
  });

  test('is not made current while it lacks workers that the one before had', async () => {
    await startBuild('3', ['pipeline']);
    await expect(promoteBuild('3', 2000)).rejects.toThrow(
      /build 3 of deployment longwriter is not current: longwriter-llm-/,
    );
    expect((await describeDeployment(client))?.current).toBe('2');
  });
});

/** A copy of the workflows with a change at the beginning of a run, as a release would have it; returns its bundle. */
async function changedWorkflows(home: string): Promise<string> {
  const copy = join(home, 'changed');
  await mkdir(copy);
  for (const folder of ['workflows', 'domain'])
    await cp(join(PROJECT, folder), join(copy, folder), { recursive: true });
  for (const name of ['node_modules', 'package.json']) await symlink(join(PROJECT, name), join(copy, name));
  const file = join(copy, 'workflows/run-pipeline.ts');
  const text = await readFile(file, 'utf8');
  const begin = /(export async function runPipeline\([^{]*\{\n)/;
  expect(text).toMatch(begin);
  const change = `$1  if (release.patched('${PATCH}')) await release.sleep('50ms');\n`;
  const imported = "import * as release from '@temporalio/workflow';\n";
  await writeFile(file, imported + text.replace(begin, change));
  const { code } = await bundleWorkflowCode({ workflowsPath: join(copy, 'workflows/index.ts'), logger });
  const bundle = join(home, 'changed.js');
  await writeFile(bundle, code);
  return bundle;
}
