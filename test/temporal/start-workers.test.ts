import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PROJECT, readEnvironment } from '../../configs/env.ts';
import { serviceProgram } from '../../scripts/embedded/paths.ts';
import { startWorkers } from '../../workers/run-worker.ts';
import { missing } from '../parts.ts';

// What workers say of themselves would bury what a test says.
Runtime.install({ logger: new DefaultLogger('ERROR') });

describe.skipIf(missing('services'))('workers that cannot all be started', () => {
  const open = new Set<Socket>();
  let home: string;
  let temporal: TestWorkflowEnvironment;
  let between: Server;
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'longwriter-start-'));
    temporal = await TestWorkflowEnvironment.createLocal({
      server: { executable: { type: 'existing-path', path: serviceProgram(PROJECT, 'temporal') } },
    });
    const [host, port] = temporal.address.split(':');
    between = createServer((socket) => {
      open.add(socket);
      const server = connect(Number(port), host);
      socket.pipe(server).pipe(socket);
      socket.on('error', () => server.destroy()).on('close', () => open.delete(socket));
      server.on('error', () => socket.destroy());
    });
    await new Promise<void>((done) => between.listen(0, '127.0.0.1', done));
  });
  afterAll(async () => {
    between?.close();
    for (const socket of open) socket.destroy();
    await temporal?.teardown();
    await rm(home, { recursive: true, force: true });
  });

  test('leave no worker and no connection behind', async () => {
    const workflows = join(home, 'broken.js');
    await writeFile(workflows, 'this is no program');
    const address = `127.0.0.1:${(between.address() as AddressInfo).port}`;
    const environment = { ...readEnvironment({ LONGWRITER_HOME: home }), temporalAddress: address };
    await expect(startWorkers(environment, ['llm', 'pipeline'], { workflows })).rejects.toThrow();
    await expect.poll(() => open.size, { timeout: 5000 }).toBe(0);
  });
});
