import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import getPort from 'get-port';
import { startProcess, type StartedProcess } from '../../activities/io/process.ts';
import { SEARCH_ATTRIBUTES } from '../../domain/search-attributes.ts';
import { serviceProgram } from './paths.ts';
import { waitFor } from './wait-for.ts';

/** Seconds that closed workflows are kept. */
const RETENTION_SECONDS = 90 * 24 * 3600;

/** Milliseconds the server may take to answer. */
const READY_MS = 60_000;

/** A running Temporal server. */
export interface TemporalServer {
  readonly process: StartedProcess;
  readonly address: string;
  readonly uiUrl: string;
}

/** Starts Temporal's development server with its UI, on loopback, keeping its state in a SQLite file. */
export async function startTemporal(options: {
  home: string;
  project: string;
  registry: string;
  /** The port of the frontend; a usual or a free one where absent. */
  port?: number;
}): Promise<TemporalServer> {
  const port = options.port ?? (await getPort({ host: '127.0.0.1', port: [7233, 7243, 7253] }));
  const uiPort = await getPort({ host: '127.0.0.1', port: [8233, 8243, 8253] });
  const logFile = join(options.home, 'logs', 'temporal.log');
  const started = await startProcess({
    name: 'temporal',
    command: serviceProgram(options.project, 'temporal'),
    args: [
      'server',
      'start-dev',
      '--ip=127.0.0.1',
      `--port=${port}`,
      '--ui-ip=127.0.0.1',
      `--ui-port=${uiPort}`,
      '--ui-disable-news-fetch',
      `--db-filename=${join(options.home, 'temporal.db')}`,
      '--sqlite-pragma=journal_mode=wal',
      '--sqlite-pragma=synchronous=1',
      '--log-level=warn',
      ...Object.entries(SEARCH_ATTRIBUTES).map(([name, type]) => `--search-attribute=${name}=${type}`),
      // Runs that are equally urgent take turns at a task queue; over several partitions they would only do so roughly.
      '--dynamic-config-value=matching.enableFairness=true',
      '--dynamic-config-value=matching.numTaskqueueReadPartitions=1',
      '--dynamic-config-value=matching.numTaskqueueWritePartitions=1',
      // A cancellation is pushed to the worker instead of waiting for its next heartbeat.
      '--dynamic-config-value=system.enableCancelActivityWorkerCommand=true',
      '--dynamic-config-value=frontend.WorkerCommandsEnabled=true',
    ],
    logFile,
    registry: options.registry,
  });
  const address = `127.0.0.1:${port}`;
  await waitFor(`Temporal at ${address}`, () => setRetention(address), {
    process: started,
    logFile,
    deadlineMs: READY_MS,
  });
  return { process: started, address, uiUrl: `http://127.0.0.1:${uiPort}` };
}

/** Sets the retention of the default namespace; false while the server does not answer yet. */
async function setRetention(address: string): Promise<boolean> {
  try {
    const connection = await Connection.connect({ address, connectTimeout: '2s' });
    try {
      await connection.workflowService.updateNamespace({
        namespace: 'default',
        // Declared as a Long of protobufjs, which takes a number as well.
        config: { workflowExecutionRetentionTtl: { seconds: RETENTION_SECONDS as never } },
      });
      return true;
    } finally {
      await connection.close();
    }
  } catch {
    return false;
  }
}
