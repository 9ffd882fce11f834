import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { WorkflowClientInterceptor, WorkflowStartInput } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import getPort from 'get-port';
import { PROJECT, readEnvironment } from '../../configs/env.ts';
import { startProgram } from './processes.ts';
import { Rig } from './rig.ts';

/** Sections of every plan; a sample is one call more. */
const SECTIONS = 5;

/** Milliseconds between two scrapes of the metrics, as often as anybody does it. */
const SCRAPE_MS = 5000;

interface Scenario {
  readonly name: string;
  readonly samples: number;
  readonly latencyMs: number;
  readonly inFlight: number;
}

/** An endpoint that takes its time, as any does; and one without latency, where a worker does nothing but work. */
const SCENARIOS: readonly Scenario[] = [
  { name: '120x200ms/8', samples: 20, latencyMs: 200, inFlight: 8 },
  { name: 'no-latency', samples: 100, latencyMs: 0, inFlight: 64 },
];

/** One round with and one without telemetry. */
interface Round {
  readonly seconds: number;
  readonly workerCpuMsPerCall: number;
  readonly temporalCpuMsPerCall: number;
}

/** What telemetry costs in one scenario: medians of all rounds, and quartiles of the ratios of neighbouring rounds. */
export interface TelemetryResult {
  readonly scenario: string;
  readonly rounds: number;
  readonly calls: number;
  readonly callsPerSecond: { readonly off: number; readonly on: number };
  readonly workerCpuMsPerCall: { readonly off: number; readonly on: number };
  readonly temporalCpuMsPerCall: { readonly off: number; readonly on: number };
  /** Time of a round with telemetry ÷ without: first quartile, median, third. */
  readonly timeRatio: readonly number[];
  readonly workerCpuRatio: readonly number[];
  /** Bytes of spans that the collector took, a call. */
  readonly sentBytesPerCall: number;
}

/**
 * Runs each scenario on two rigs in turns, one with traces and metrics and one without, after a round that is not counted.
 *
 * @yields what each scenario came to
 */
export async function* measureTelemetry(rounds: number): AsyncGenerator<TelemetryResult> {
  for (const scenario of SCENARIOS) yield await measure(scenario, rounds);
}

async function measure(scenario: Scenario, rounds: number): Promise<TelemetryResult> {
  const { searchPath } = readEnvironment();
  const collector = startProgram(join(PROJECT, 'scripts/bench/collector.ts'), [], { PATH: searchPath });
  const url = await collector.firstLine;
  const port = await getPort();
  const settings = { sections: SECTIONS, words: 200, latencyMs: scenario.latencyMs, faults: {} };
  const off = await Rig.start(settings);
  const on = await Rig.start(settings, telemetryOn(url, port), [traced]);
  const scraping = setInterval(() => {
    fetch(`http://127.0.0.1:${port}/metrics`).then(
      (response) => response.text(),
      () => undefined,
    );
  }, SCRAPE_MS);
  try {
    await off.startWorker();
    await on.startWorker();
    const taken: { off: Round; on: Round }[] = [];
    for (let round = 0; round <= rounds; round++) {
      // Whoever is first changes, so that neither has the better half of a busy minute.
      const first = round % 2 === 0 ? off : on;
      const one = await measureRound(first, scenario, round);
      const other = await measureRound(first === off ? on : off, scenario, round);
      if (round > 0) taken.push(first === off ? { off: one, on: other } : { off: other, on: one });
    }
    const bytes = Number(await (await fetch(url)).text());
    return summary(scenario, taken, bytes / (rounds + 1));
  } finally {
    clearInterval(scraping);
    await Promise.all([off.stop(), on.stop()]);
    await collector.stop('SIGKILL');
  }
}

async function measureRound(rig: Rig, { samples, inFlight }: Scenario, round: number): Promise<Round> {
  const run = `round-${round}`;
  const overrides = [`endpoints.writer.limits.inFlight=${inFlight}`, `generation.window=${3 * inFlight}`];
  const calls = samples * (SECTIONS + 1);
  const before = rig.cpu();
  const startedAt = Date.now();
  const { ended } = await rig.startRun(run, samples, overrides, `subject ${round}`);
  await ended;
  const { endedAt, counts } = (await rig.generated(run))!;
  if (counts.kept < samples) throw new Error(`${run}: ${samples - counts.kept} documents are missing`);
  const after = rig.cpu();
  return {
    seconds: (endedAt - startedAt) / 1000,
    workerCpuMsPerCall: (after.worker - before.worker) / calls,
    temporalCpuMsPerCall: (after.temporal - before.temporal) / calls,
  };
}

function summary(
  { name, samples }: Scenario,
  rounds: readonly { readonly off: Round; readonly on: Round }[],
  bytesPerRound: number,
): TelemetryResult {
  const calls = samples * (SECTIONS + 1);
  const medians = (of: (round: Round) => number) => ({
    off: quartiles(rounds.map(({ off }) => of(off)))[1]!,
    on: quartiles(rounds.map(({ on }) => of(on)))[1]!,
  });
  const ratios = (of: (round: Round) => number) => quartiles(rounds.map(({ off, on }) => of(on) / of(off)));
  return {
    scenario: name,
    rounds: rounds.length,
    calls,
    callsPerSecond: medians(({ seconds }) => calls / seconds),
    workerCpuMsPerCall: medians(({ workerCpuMsPerCall }) => workerCpuMsPerCall),
    temporalCpuMsPerCall: medians(({ temporalCpuMsPerCall }) => temporalCpuMsPerCall),
    timeRatio: ratios(({ seconds }) => seconds),
    workerCpuRatio: ratios(({ workerCpuMsPerCall }) => workerCpuMsPerCall),
    sentBytesPerCall: Math.round(bytesPerRound / calls),
  };
}

function quartiles(values: readonly number[]): number[] {
  const sorted = values.toSorted((a, b) => a - b);
  return [0.25, 0.5, 0.75].map((share) => {
    const place = share * (sorted.length - 1);
    const below = sorted[Math.floor(place)]!;
    return below + (place % 1) * (sorted[Math.ceil(place)]! - below);
  });
}

function telemetryOn(url: string, port: number): NodeJS.ProcessEnv {
  return {
    OTEL_TRACES_EXPORTER: 'otlp',
    OTEL_EXPORTER_OTLP_ENDPOINT: url,
    OTEL_METRICS_EXPORTER: 'prometheus',
    OTEL_EXPORTER_PROMETHEUS_PORT: String(port),
  };
}

/** Starts a workflow as a traced client does: in a trace that is sampled. */
function withTrace(input: WorkflowStartInput): WorkflowStartInput {
  const traceparent = `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`;
  return {
    ...input,
    headers: { ...input.headers, '_tracer-data': defaultPayloadConverter.toPayload({ traceparent }) },
  };
}

const traced: WorkflowClientInterceptor = {
  start: (input, next) => next(withTrace(input)),
  startWithDetails: (input, next) => next(withTrace(input)),
};
