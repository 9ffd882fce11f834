import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import getPort from 'get-port';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { METRICS } from '../../activities/metrics.ts';
import { openStore } from '../../activities/io/store/open.ts';
import { PROJECT, readEnvironment, type Environment } from '../../configs/env.ts';
import { loadConfig } from '../../configs/load.ts';
import { startEndpoint, type Endpoint } from '../../scripts/bench/endpoint.ts';
import { startProgram } from '../../scripts/bench/processes.ts';
import { openSession } from '../../scripts/connect.ts';
import { serviceProgram } from '../../scripts/embedded/paths.ts';
import { freezeConfig, startWorkflow } from '../../scripts/runs.ts';
import { readInputs, uploadInputs } from '../../scripts/upload-inputs.ts';
import { installRuntime } from '../../workers/runtime.ts';
import { ROLES, startWorkers } from '../../workers/run-worker.ts';
import { startCollector, type Collector, type SentSpan } from '../otlp.ts';
import { missing } from '../parts.ts';
import { dashboardMetrics } from '../dashboard.ts';
import { peersOf, scrape, type Sample } from '../telemetry.ts';

const CONFIG = join(PROJECT, 'scripts/bench/generate.yaml');
const CANARY = 'zanzibarcanary';

describe.skipIf(missing('services'))('telemetry, on a real server with real workers', () => {
  let home: string;
  let temporal: TestWorkflowEnvironment;
  let endpoint: Endpoint;
  let collector: Collector;
  let environment: Environment;
  let metricsPort: number;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'longwriter-telemetry-'));
    collector = await startCollector();
    metricsPort = await getPort();
    environment = readEnvironment({ ...traced(), LONGWRITER_HOME: home, LONGWRITER_LOG_LEVEL: 'DEBUG' });
    // The runtime is one for a process, and the test's own server makes it too.
    installRuntime(environment.telemetry, join(home, 'worker.log'));
    endpoint = await startEndpoint({ sections: 3, words: 100, latencyMs: 20, faults: {} });
    temporal = await TestWorkflowEnvironment.createLocal({
      server: { executable: { type: 'existing-path', path: serviceProgram(PROJECT, 'temporal') } },
    });
  });
  afterAll(async () => {
    await temporal?.teardown();
    await endpoint?.close();
    collector?.close();
    await rm(home, { recursive: true, force: true });
  });

  const traced = () => ({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_METRICS_EXPORTER: 'prometheus',
    OTEL_EXPORTER_PROMETHEUS_PORT: String(metricsPort),
  });

  /** Runs two samples of four calls by a session of an environment, to the dataset. */
  async function walk(place: Environment, run: string): Promise<void> {
    const file = join(home, `${run}.jsonl`);
    const prompts = [0, 1].map((index) => ({ prompt: `Write about ${CANARY} ${index} for ${run}.` }));
    await writeFile(file, prompts.map((row) => `${JSON.stringify(row)}\n`).join(''));
    const given = await loadConfig(CONFIG, [
      `instructions.sources=[{file: ${file}}]`,
      ...['writer', 'judge'].map((name) => `endpoints.${name}.baseUrl=${endpoint.baseUrl}`),
      'prices={bench/fixed: {prompt: 1000, completion: 2000}}',
    ]);
    const store = openStore(place.storeUrl);
    const { config, inputs } = await readInputs(given, CONFIG);
    await uploadInputs(store, inputs);
    const session = await openSession(place);
    await startWorkflow(session.client, run, await freezeConfig(store, run, config), { until: 'dataset' });
    await session.client.workflow.getHandle(run).result();
    await session.close();
  }

  test('without an OTEL_ variable a worker speaks to Temporal and the endpoint alone, and logs JSON lines', async () => {
    const own = { LONGWRITER_HOME: join(home, 'quiet'), TEMPORAL_ADDRESS: temporal.address };
    const env = { ...own, PATH: process.env['PATH'], LONGWRITER_LOG_LEVEL: 'debug' };
    const worker = startProgram(join(PROJECT, 'scripts/longwriter.ts'), ['worker'], env);
    let said = '';
    worker.child.stderr!.on('data', (data: Buffer) => (said += data.toString()));
    await walk(readEnvironment(own), 'quiet');
    const places = [temporal.address, new URL(endpoint.baseUrl).host].map((place) => Number(place.split(':')[1]));
    const { listening, remotePorts } = await peersOf(worker.child.pid!);
    await worker.stop();
    expect(listening).toEqual([]);
    expect(remotePorts).toContain(places[0]);
    expect(remotePorts.filter((port) => !places.includes(port))).toEqual([]);
    const logged = said.split('\n').filter((line) => line !== '' && !/^(?:polling as|ending;)/.test(line));
    const entries = logged.map((line) => JSON.parse(line) as { level: string; message: string; trace_id?: string });
    expect(entries.length).toBeGreaterThan(10);
    expect(entries.every(({ level, message, trace_id }) => level && message && trace_id === undefined)).toBe(true);
    expect(said).not.toContain(CANARY);
  });

  test('a collector gets metrics by OTLP, and a port that is taken is told in one line', async () => {
    const own = { LONGWRITER_HOME: join(home, 'otlp'), TEMPORAL_ADDRESS: temporal.address, PATH: process.env['PATH'] };
    const metrics = {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_TRACES_EXPORTER: 'none',
      OTEL_METRIC_EXPORT_INTERVAL: '200',
    };
    const worker = startProgram(join(PROJECT, 'scripts/longwriter.ts'), ['worker', 'gpu'], { ...own, ...metrics });
    const arrived = () => collector.requests.some(({ body }) => body.includes('temporal_worker_start'));
    await vi.waitFor(() => expect(arrived()).toBe(true), 30_000);
    expect(collector.requests.every(({ path }) => path === '/v1/metrics')).toBe(true);
    await worker.stop();

    const taken = new URL(collector.url).port;
    const second = startProgram(join(PROJECT, 'scripts/longwriter.ts'), ['worker', 'gpu'], {
      ...own,
      OTEL_METRICS_EXPORTER: 'prometheus',
      OTEL_EXPORTER_PROMETHEUS_PORT: taken,
    });
    await expect(second.firstLine).rejects.toThrow(`metrics cannot be served at 127.0.0.1:${taken}`);
  });

  test('a traced run is one trace from the client to each model call, and is counted as the endpoint counts', async () => {
    // OpenTelemetry's exporter reads the address itself.
    process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = collector.url;
    const here = { ...environment, temporalAddress: temporal.address };
    const before = endpoint.stats();
    const workers = await startWorkers(here, ROLES);
    let samples: Sample[];
    try {
      await walk(here, 'traced');
      samples = await scrape(metricsPort);
    } finally {
      await workers.stop();
      delete process.env['OTEL_EXPORTER_OTLP_ENDPOINT'];
    }

    const asked = endpoint.stats().answered - before.answered;
    expect(asked).toBe(8);
    checkTrace(collector.spans, asked);
    checkCounts(samples, asked);
    const known = new Set(samples.map(({ name }) => name));
    const theirs = dashboardMetrics().filter((name) => !Object.keys(METRICS).some((ours) => name.startsWith(ours)));
    expect(theirs.filter((name) => !known.has(name))).toEqual([]);

    const logged = await readFile(join(home, 'worker.log'), 'utf8');
    expect(logged).toContain(`"trace_id":"${collector.spans[0]!.trace}"`);
    const sent = Buffer.concat(collector.requests.map(({ body }) => body)).toString('latin1');
    expect(`${sent}${logged}${JSON.stringify(samples)}`).not.toContain(CANARY);
  });

  function checkTrace(spans: readonly SentSpan[], asked: number): void {
    expect(new Set(spans.map(({ trace }) => trace)).size).toBe(1);
    const byId = new Map(spans.map((span) => [span.id, span]));
    const calls = spans.filter(({ name }) => name === 'chat bench/fixed');
    expect(calls).toHaveLength(asked);
    const path = (span: SentSpan | undefined): string[] => (span ? [...path(byId.get(span.parent)), span.name] : []);
    for (const call of calls) {
      const names = path(call);
      expect(names.slice(0, 2)).toEqual(['StartWorkflow:runPipeline', 'RunWorkflow:runPipeline']);
      expect(names.join(' ')).toMatch(
        /RunWorkflow:generateSample StartActivity:(planSample|writeSections) RunActivity:\1 chat bench\/fixed$/,
      );
      expect(call.attributes).toMatchObject({
        'gen_ai.provider.name': 'bench',
        'gen_ai.response.finish_reasons': ['stop'],
        'longwriter.endpoint': 'writer',
        'longwriter.draw': 0,
        'longwriter.stored': false,
        'server.address': '127.0.0.1',
      });
    }
  }

  function checkCounts(samples: readonly Sample[], asked: number): void {
    const value = (name: string, labels: Record<string, string> = {}) =>
      samples
        .filter(
          (sample) => sample.name === name && Object.entries(labels).every(([key, is]) => sample.labels[key] === is),
        )
        .reduce((sum, sample) => sum + sample.value, 0);
    expect(value('longwriter_model_calls_total', { outcome: 'ok', model: 'bench/fixed' })).toBe(asked);
    expect(value('longwriter_model_calls_total')).toBe(asked);
    expect(value('longwriter_model_call_duration_seconds_count')).toBe(asked);
    expect(value('longwriter_model_call_duration_seconds_sum')).toBeGreaterThan(asked * 0.019);
    const [prompt, completion] = ['prompt', 'completion'].map((kind) =>
      value('longwriter_model_tokens_total', { kind }),
    );
    expect(prompt).toBeGreaterThan(100);
    expect(value('longwriter_model_call_cost_dollars_sum')).toBeCloseTo((prompt! * 1000 + completion! * 2000) / 1e6, 6);
    expect(value('longwriter_model_calls_in_flight')).toBe(0);
    expect(value('longwriter_model_calls_waiting')).toBe(0);
    expect(value('longwriter_sections_total', { run: 'traced', verdict: 'accepted' })).toBe(6);
    expect(value('longwriter_samples_total', { run: 'traced', verdict: 'kept' })).toBe(2);
  }
});
