import type { MetricMeter, MetricTags } from '@temporalio/common';

/** One metric: its kind, its labels, and what it counts or measures, with its unit. */
interface Metric {
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly string[];
  readonly help: string;
  /** Upper bounds of a histogram's buckets. */
  readonly buckets?: readonly number[];
}

/**
 * Every metric of ours. Counters are whole numbers, which is why dollars are the sum of a histogram. No label has more
 * values than there are runs, models, endpoints, reasons or failure types; a sample is never one.
 */
export const METRICS = {
  longwriter_model_calls_total: {
    kind: 'counter',
    labels: ['endpoint', 'model', 'outcome'],
    help: 'Model calls by outcome: ok, stored (answered from the store), or the type of the failure',
  },
  longwriter_model_call_duration_seconds: {
    kind: 'histogram',
    labels: ['endpoint', 'model', 'outcome'],
    help: 'Time from request to whole answer, without the wait for a turn',
    buckets: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 60, 120, 300, 600],
  },
  longwriter_model_tokens_total: {
    kind: 'counter',
    labels: ['endpoint', 'model', 'kind'],
    help: "Tokens of answered calls: prompt, cached (those of the prompt that came from the provider's cache), completion",
  },
  longwriter_model_call_cost_dollars: {
    kind: 'histogram',
    labels: ['endpoint', 'model'],
    help: 'Dollars that an answered call took, where the configuration has a price; the sum is the money spent',
    buckets: [0.0001, 0.001, 0.01, 0.1, 1, 10],
  },
  longwriter_model_calls_in_flight: {
    kind: 'gauge',
    labels: ['endpoint'],
    help: 'Calls of this worker that wait for an answer',
  },
  longwriter_model_calls_waiting: {
    kind: 'gauge',
    labels: ['endpoint'],
    help: "Calls of this worker that wait for their turn, or for a paused run's gate",
  },
  longwriter_sections_total: {
    kind: 'counter',
    labels: ['run', 'verdict'],
    help: 'Answers to a section by verdict: accepted, refused',
  },
  longwriter_samples_total: {
    kind: 'counter',
    labels: ['run', 'verdict', 'reason'],
    help: 'Finished samples by verdict: kept, rejected; the reason is empty for those that are kept',
  },
  longwriter_training_step: { kind: 'gauge', labels: ['run', 'method'], help: 'Newest step of a training' },
  longwriter_training_steps: { kind: 'gauge', labels: ['run', 'method'], help: 'Steps of a training in all' },
  longwriter_training_loss: { kind: 'gauge', labels: ['run', 'method'], help: 'Loss of the newest step' },
  longwriter_training_tokens_per_second: {
    kind: 'gauge',
    labels: ['run', 'method'],
    help: 'Tokens a second of the newest step',
  },
} as const satisfies Record<string, Metric>;

type MetricName = keyof typeof METRICS;
type NameOf<Kind extends Metric['kind']> = {
  [Name in MetricName]: (typeof METRICS)[Name]['kind'] extends Kind ? Name : never;
}[MetricName];
type Labels<Name extends MetricName> = Readonly<Record<(typeof METRICS)[Name]['labels'][number], string>>;

/** Counts and measures what a worker does; where nobody asked for metrics, nothing comes of it. */
export interface Metrics {
  add<Name extends NameOf<'counter'>>(name: Name, value: number, labels: Labels<Name>): void;
  set<Name extends NameOf<'gauge'>>(name: Name, value: number, labels: Labels<Name>): void;
  observe<Name extends NameOf<'histogram'>>(name: Name, value: number, labels: Labels<Name>): void;
  /** Counts one more in a gauge until the function that it returns is called; further calls of that do nothing. */
  begin<Name extends NameOf<'gauge'>>(name: Name, labels: Labels<Name>): () => void;
}

/** Makes the metrics of one worker process, through Temporal's meter, so that one exporter serves the SDK's and ours. */
export function makeMetrics(meter: MetricMeter): Metrics {
  const counters = instruments('counter', (name, help) => meter.createCounter(name, '', help));
  const gauges = instruments('gauge', (name, help) => meter.createGauge(name, 'float', '', help));
  const histograms = instruments('histogram', (name, help) => meter.createHistogram(name, 'float', '', help));
  const levels = new Map<string, number>();
  const set = (name: string, value: number, labels: MetricTags) => gauges.get(name)!.set(value, labels);
  const move = (name: string, by: number, labels: MetricTags) => {
    const key = JSON.stringify([name, labels]);
    const level = (levels.get(key) ?? 0) + by;
    levels.set(key, level);
    set(name, level, labels);
  };
  return {
    add: (name, value, labels) => counters.get(name)!.add(value, labels),
    set,
    // A clock that was set back is no reason to fail a call.
    observe: (name, value, labels) => histograms.get(name)!.record(Math.max(0, value), labels),
    begin(name, labels) {
      let isOpen = true;
      move(name, 1, labels);
      return () => {
        if (isOpen) move(name, -1, labels);
        isOpen = false;
      };
    },
  };
}

function instruments<T>(kind: Metric['kind'], create: (name: string, help: string) => T): Map<string, T> {
  const named = Object.entries<Metric>(METRICS).filter(([, metric]) => metric.kind === kind);
  return new Map(named.map(([name, { help }]) => [name, create(name, help)]));
}

/** The bounds of our histograms' buckets, by name, as an exporter takes them. */
export const BUCKETS: Readonly<Record<string, number[]>> = Object.fromEntries(
  Object.entries<Metric>(METRICS).flatMap(([name, { buckets }]) => (buckets ? [[name, [...buckets]]] : [])),
);
