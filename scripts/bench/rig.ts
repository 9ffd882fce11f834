import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection, type WorkflowClientInterceptor } from '@temporalio/client';
import { endLeftovers } from '../../activities/io/process.ts';
import { findJson } from '../../activities/io/store/json.ts';
import { openStore } from '../../activities/io/store/open.ts';
import type { Store } from '../../activities/io/store/store.ts';
import { PROJECT, readEnvironment } from '../../configs/env.ts';
import { loadConfig } from '../../configs/load.ts';
import type { RunConfig } from '../../configs/schema.ts';
import { stageKey } from '../../domain/keys.ts';
import { ENDPOINT_NAMES, endpointQueue, PIPELINE_QUEUE } from '../../domain/names.ts';
import { StageRecord } from '../../domain/schemas/run.ts';
import type { ItemCounts } from '../../domain/tally.ts';
import { startTemporal, type TemporalServer } from '../embedded/temporal.ts';
import { freezeConfig, startWorkflow, type FrozenConfig, type RunOptions } from '../runs.ts';
import { readInputs, uploadInputs } from '../upload-inputs.ts';
import type { EndpointSettings, EndpointStats } from './endpoint.ts';
import { cpuMs, memoryMb, startProgram, type BenchProcess } from './processes.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const HERE = join(PROJECT, 'scripts/bench');

/** Temporal, the bench's endpoint and a worker, each a process of its own, with a store of their own. */
export class Rig {
  readonly store: Store;
  readonly client: Client;
  readonly home: string;
  readonly #env: NodeJS.ProcessEnv;
  #temporal: TemporalServer;
  readonly #endpoint: BenchProcess;
  readonly baseUrl: string;
  #worker: BenchProcess | undefined;

  private constructor(
    home: string,
    temporal: TemporalServer,
    endpoint: BenchProcess,
    baseUrl: string,
    client: Client,
    more: NodeJS.ProcessEnv,
  ) {
    this.home = home;
    this.#temporal = temporal;
    this.#endpoint = endpoint;
    this.baseUrl = baseUrl;
    this.client = client;
    const { searchPath } = readEnvironment();
    this.#env = { ...more, PATH: searchPath, HOME: home, LONGWRITER_HOME: home, TEMPORAL_ADDRESS: temporal.address };
    this.store = openStore(join(home, 'store'));
  }

  /** Starts a server and an endpoint; workers get `env` besides their own variables, and starts pass `interceptors`. */
  static async start(
    settings: EndpointSettings,
    env: NodeJS.ProcessEnv = {},
    interceptors: WorkflowClientInterceptor[] = [],
  ): Promise<Rig> {
    const home = await mkdtemp(join(tmpdir(), 'longwriter-bench-'));
    const { searchPath } = readEnvironment();
    const temporal = await startTemporalIn(home);
    const endpoint = startProgram(join(HERE, 'endpoint.ts'), [JSON.stringify(settings)], { PATH: searchPath });
    const connection = await Connection.connect({ address: temporal.address });
    const client = new Client({ connection, interceptors: { workflow: interceptors } });
    const rig = new Rig(home, temporal, endpoint, await endpoint.firstLine, client, env);
    for (const signal of SIGNALS) process.once(signal, rig.#onSignal);
    return rig;
  }

  /** An interrupted bench leaves no process and no folder. */
  readonly #onSignal = (): void => void this.stop().finally(() => process.exit(130));

  /** Starts a worker and waits until it polls. */
  async startWorker(): Promise<void> {
    this.#worker = startProgram(join(PROJECT, 'scripts/longwriter.ts'), ['worker'], this.#env, await workerFlags());
    for (const taskQueue of [PIPELINE_QUEUE, ...ENDPOINT_NAMES.map(endpointQueue)]) {
      for (;;) {
        const { pollers } = await this.client.workflowService.describeTaskQueue({
          namespace: 'default',
          taskQueue: { name: taskQueue },
          taskQueueType: 2,
        });
        if (pollers.some(({ identity }) => identity?.startsWith(`${this.#worker!.child.pid}@`))) break;
        await sleep(50);
      }
    }
  }

  /** Where Temporal listens. */
  get address(): string {
    return this.#temporal.address;
  }

  stopWorker(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    return this.#worker!.stop(signal);
  }

  /** Kills the Temporal server, and starts it again where it was. */
  async killTemporal(): Promise<void> {
    await this.#temporal.process.stop(0);
    this.#temporal = await startTemporalIn(this.home, Number(this.#temporal.address.split(':')[1]));
  }

  /**
   * Starts a run of so many instructions up to its dataset; returns what waits for the end.
   *
   * @param subject runs with the same one ask the same questions, and the later one finds the answers
   */
  async startRun(
    run: string,
    samples: number,
    overrides: readonly string[],
    subject = 'subject',
  ): Promise<{ ended: Promise<unknown> }> {
    const rows = Array.from({ length: samples }, (_, index) => ({
      prompt: `Write a long text about ${subject} ${index}.`,
    }));
    const file = join(this.home, `${run}.jsonl`);
    await writeFile(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    const config = join(HERE, 'generate.yaml');
    const all = [
      `endpoints.writer.baseUrl=${this.baseUrl}`,
      `endpoints.judge.baseUrl=${this.baseUrl}`,
      `instructions.sources=[{file: ${file}}]`,
      ...overrides,
    ];
    const frozen = await this.freeze(run, await loadConfig(config, all), config);
    return { ended: this.walk(run, frozen, { until: 'dataset' }) };
  }

  /** Freezes a run's configuration, with its inputs in the store. */
  async freeze(run: string, config: RunConfig, file: string): Promise<FrozenConfig> {
    const { config: frozen, inputs } = await readInputs(config, file);
    await uploadInputs(this.store, inputs);
    return freezeConfig(this.store, run, frozen);
  }

  /** Walks stages of a run, to its end. */
  async walk(run: string, frozen: FrozenConfig, options: RunOptions): Promise<unknown> {
    await startWorkflow(this.client, run, frozen, options);
    return this.client.workflow.getHandle(run).result();
  }

  /** When a run's generation ended, and how its samples came out; undefined before that. */
  async generated(run: string): Promise<{ readonly endedAt: number; readonly counts: ItemCounts } | undefined> {
    const record = await findJson(this.store, stageKey(run, 'generate'), StageRecord);
    return record && { endedAt: Date.parse(record.endedAt), counts: record.outcome as ItemCounts };
  }

  async stats(): Promise<EndpointStats> {
    const response = await fetch(new URL('/stats', this.baseUrl));
    return (await response.json()) as EndpointStats;
  }

  /** Processor time so far, milliseconds. */
  cpu(): { readonly worker: number; readonly temporal: number; readonly endpoint: number } {
    return {
      worker: cpuMs(this.#worker?.child.pid),
      temporal: cpuMs(this.#temporal.process.record.pid),
      endpoint: cpuMs(this.#endpoint.child.pid),
    };
  }

  workerMemory(): { readonly now: number; readonly peak: number } {
    return memoryMb(this.#worker?.child.pid);
  }

  /** Bytes of the server's database. */
  async databaseBytes(): Promise<number> {
    const sizes = await Promise.all(
      ['temporal.db', 'temporal.db-wal'].map((name) =>
        stat(join(this.home, name)).then(
          ({ size }) => size,
          () => 0,
        ),
      ),
    );
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  async stop(): Promise<void> {
    for (const signal of SIGNALS) process.off(signal, this.#onSignal);
    await this.#worker?.stop('SIGTERM');
    await this.#endpoint.stop('SIGKILL');
    await this.client.connection.close();
    await this.#temporal.process.stop(2000);
    // A training outlives its worker.
    await endLeftovers(join(this.home, 'processes'), 0, () => undefined);
    await rm(this.home, { recursive: true, force: true });
  }
}

function startTemporalIn(home: string, port?: number): Promise<TemporalServer> {
  const place = { home, project: PROJECT, registry: join(home, 'processes') };
  return startTemporal({ ...place, ...(port === undefined ? {} : { port }) });
}

/** What `npm run worker` gives node, besides how to read TypeScript. */
async function workerFlags(): Promise<string[]> {
  const { scripts } = JSON.parse(await readFile(join(PROJECT, 'package.json'), 'utf8')) as {
    scripts: { worker: string };
  };
  return scripts.worker.split(' ').filter((part) => part.startsWith('--') && part !== '--import');
}
