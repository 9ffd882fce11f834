import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import getPort from 'get-port';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fileStore } from '../../activities/io/store/file.ts';
import { startProcess, type StartedProcess } from '../../activities/io/process.ts';
import { PROJECT, readEnvironment, type Environment } from '../../configs/env.ts';
import { loadConfig } from '../../configs/load.ts';
import { findSmallModel, pythonOf, serviceProgram } from '../../scripts/embedded/paths.ts';
import { runProgress } from '../../scripts/run-progress.ts';
import { describeRun, freezeConfig, startWorkflow, unpause } from '../../scripts/runs.ts';
import { readInputs, uploadInputs } from '../../scripts/upload-inputs.ts';
import { ROLES, startWorkers, type RunningWorkers } from '../../workers/run-worker.ts';
import { missing } from '../parts.ts';

const KEY = 'right-key-8f3a';
const CONFIG = join(PROJECT, 'test/e2e/tiny.yaml');

describe.skipIf(missing('services'))('a run on a real model server that wants a key', () => {
  let home: string;
  let temporal: TestWorkflowEnvironment;
  let server: StartedProcess;
  let baseUrl: string;
  let key: string | undefined;
  let workers: RunningWorkers;
  let environment: Environment;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'longwriter-pause-'));
    const port = await getPort({ host: '127.0.0.1' });
    baseUrl = `http://127.0.0.1:${port}/v1`;
    const script = join(PROJECT, 'scripts/embedded/services/llama_server.py');
    const model = await findSmallModel(PROJECT);
    server = await startProcess({
      name: 'model-server',
      command: pythonOf(PROJECT, 'services'),
      args: [script, '--model', model, '--port', String(port), '--api-key', KEY],
      logFile: join(home, 'model-server.log'),
      registry: join(home, 'processes'),
    });
    await until(() =>
      fetch(`http://127.0.0.1:${port}/health`).then(
        (response) => response.ok,
        () => false,
      ),
    );
    temporal = await TestWorkflowEnvironment.createLocal({
      server: { executable: { type: 'existing-path', path: serviceProgram(PROJECT, 'temporal') } },
    });
    environment = {
      ...readEnvironment({ LONGWRITER_HOME: home }),
      temporalAddress: temporal.address,
      secret: () => key,
    };
    workers = await startWorkers(environment, ROLES);
  });
  afterAll(async () => {
    await workers?.stop();
    await temporal?.teardown();
    await server?.stop(0);
    await rm(home, { recursive: true, force: true });
  });

  async function start(run: string, instructions = 2): Promise<void> {
    const endpoint = (name: string) => [
      `endpoints.${name}.baseUrl=${baseUrl}`,
      `endpoints.${name}.apiKeyEnv=THE_KEY`,
      `endpoints.${name}.limits.inFlight=2`,
    ];
    // What so small a model writes may be rejected, all of it; the gate is not what is tested.
    const gate = 'gates.maxRejectedFraction=1';
    const overrides = [...endpoint('writer'), ...endpoint('judge'), `instructions.limit=${instructions}`, gate];
    const { config, inputs } = await readInputs(await loadConfig(CONFIG, overrides), CONFIG);
    await uploadInputs(store(), inputs);
    await startWorkflow(temporal.client, run, await freezeConfig(store(), run, config), { until: 'generate' });
  }

  const store = () => fileStore(environment.storeUrl);
  const progress = (run: string) => runProgress(temporal.client, store(), run);

  test('a wrong key pauses it with its message, rejects nothing, and a resume with the right one finishes it', async () => {
    key = 'wrong-key-77';
    await start('keys');
    await until(async () => (await progress('keys')).state === 'paused');
    const { message } = await progress('keys');
    expect(message).toMatch(/^Model\.Unauthorized: endpoint writer: http:.*401/);
    expect(message).not.toContain('wrong-key-77');

    key = KEY;
    await unpause(temporal.client, store(), 'keys');
    expect(await temporal.client.workflow.getHandle('keys').result()).toMatchObject({ failed: 0 });
    const { stages } = await progress('keys');
    expect(stages.find(({ stage }) => stage === 'generate')).toMatchObject({ state: 'done', done: 2, total: 2 });
  });

  test('a missing key pauses it too, and names the variable', async () => {
    key = undefined;
    await start('no-key', 3); // one more than is paid for
    await until(async () => (await progress('no-key')).state === 'paused');
    expect((await progress('no-key')).message).toMatch(/THE_KEY is not set/);
    await temporal.client.workflow.getHandle('no-key').terminate();
  });

  test('another run of the same store pays for no call that was made already', async () => {
    key = undefined; // whoever asks the server now is refused
    await start('again');
    await temporal.client.workflow.getHandle('again').result();
    expect((await describeRun(temporal.client, 'again'))?.status.name).toBe('COMPLETED');
  });
});

/** Waits until something holds; the test's own time-out is the limit. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((done) => setTimeout(done, 100));
}
