import { setTimeout as sleep } from 'node:timers/promises';
import type { EndpointStats, Faults } from './endpoint.ts';
import { Rig } from './rig.ts';

/** Sections of every plan; a sample is one call more. */
const SECTIONS = 5;

/** What one scenario came to. */
export interface Result {
  readonly scenario: string;
  readonly samples: number;
  readonly good: number;
  /** Calls that the work needs at least. */
  readonly needed: number;
  readonly requests: number;
  readonly paidAgain: number;
  readonly seconds: number;
  /** Calls × latency ÷ calls in flight, or what a limit allows; absent where the latency is nothing. */
  readonly ideal?: number;
  readonly callsPerSecond: number;
  /** Seconds until the first call was asked, and until the last one was answered. */
  readonly firstAt: number;
  readonly lastAt: number;
  readonly workerPeakMb: number;
  readonly cpuMsPerCall: { readonly worker: number; readonly temporal: number; readonly endpoint: number };
  /** What else there is to say. */
  readonly notes: string;
  /** Whether documents are missing that the scenario must give. */
  readonly missing: boolean;
}

interface Settings {
  readonly samples: number;
  readonly latencyMs: number;
  readonly inFlight: number;
  readonly faults?: Faults;
  /** Milliseconds that it takes at best, where that is not calls × latency ÷ in flight. */
  readonly idealMs?: number;
  /** Works while the run goes on, and says what it saw. */
  readonly during?: (rig: Rig, ended: Promise<unknown>) => Promise<string>;
  readonly sections?: number;
  readonly words?: number;
  readonly after?: (rig: Rig) => Promise<string>;
}

/** The scenarios of `npm run bench -- generate`, by name. */
export const SCENARIOS: Readonly<Record<string, () => Promise<Result[]>>> = {
  '240x200ms/8': () => measure('240x200ms/8', { samples: 40, latencyMs: 200, inFlight: 8 }),
  '960x200ms/8': () => measure('960x200ms/8', { samples: 160, latencyMs: 200, inFlight: 8 }),
  '1536x2s/64': () => measure('1536x2s/64', { samples: 256, latencyMs: 2000, inFlight: 64 }),
  'no-latency': () => measure('no-latency', { samples: 400, latencyMs: 0, inFlight: 64 }),
  'errors-5-5': () => measure('errors-5-5', { samples: 40, latencyMs: 200, inFlight: 8, faults: { errors: true } }),
  'hidden-limit': () =>
    measure('hidden-limit', {
      samples: 40,
      latencyMs: 200,
      inFlight: 8,
      faults: { requestsPerMinute: 600 },
      idealMs: 24_000,
    }),
  outage: () =>
    measure('outage', { samples: 40, latencyMs: 200, inFlight: 8, faults: { outageMs: 20_000 }, idealMs: 26_000 }),
  'bad-plans': () => measure('bad-plans', { samples: 40, latencyMs: 200, inFlight: 8, faults: { badPlans: true } }),
  kills: () => measure('kills', { samples: 40, latencyMs: 200, inFlight: 8, during: killAtQuarters }),
  again: measureAgain,
};

/** 6,000 samples of 13 calls, or so many; then once more over finished samples. */
export function measureScale(samples: number): Promise<Result[]> {
  const memory: string[] = [];
  return measure(`scale-${samples}`, {
    samples,
    latencyMs: 0,
    inFlight: 64,
    sections: 12,
    words: 60,
    during: async (rig, ended) => {
      // The last one stands just before the end: the dataset is assembled in memory after it.
      const marks = [100, samples / 4, samples / 2, samples * 0.99].map(Math.round);
      const state = { over: false };
      void ended.finally(() => (state.over = true)).catch(() => undefined);
      while (!state.over) {
        const { questions } = await rig.stats();
        while (marks.length > 0 && questions >= marks[0]! * 13)
          memory.push(`${marks.shift()}: ${rig.workerMemory().now} MB`);
        await sleep(500);
      }
      memory.push(`with the dataset assembled: ${rig.workerMemory().now} MB`);
      return `worker at ${memory.join(', ')}`;
    },
    after: async (rig) => {
      const longest = await longestHistory(rig, 'bench');
      const bytes = await rig.databaseBytes();
      const startedAt = Date.now();
      await rig.client.workflow.getHandle('bench').result();
      const { ended } = await rig.startRun('bench', samples, scaleOverrides);
      await ended;
      return (
        `longest history ${longest.events} events (${longest.id}), ${Math.round(bytes / samples / 1024)} KiB of database a sample, ` +
        `passed over again in ${((Date.now() - startedAt) / 1000).toFixed(1)} s`
      );
    },
  });
}

const scaleOverrides = overridesOf(64);

function overridesOf(inFlight: number): string[] {
  // Three tasks for each call in flight hide the time between two of them.
  return [`endpoints.writer.limits.inFlight=${inFlight}`, `generation.window=${3 * inFlight}`];
}

async function measure(scenario: string, settings: Settings): Promise<Result[]> {
  const { samples, latencyMs, inFlight, sections = SECTIONS, words = 200, faults = {} } = settings;
  const rig = await Rig.start({ sections, words, latencyMs, faults });
  try {
    await rig.startWorker();
    const before = rig.cpu();
    const startedAt = Date.now();
    const { ended } = await rig.startRun('bench', samples, overridesOf(inFlight));
    const notes = [(await settings.during?.(rig, ended)) ?? ''];
    await ended;
    const result = await resultOf(rig, scenario, { startedAt, before, samples, sections });
    const ideal = (settings.idealMs ?? (result.needed * latencyMs) / inFlight) / 1000;
    if (settings.after) notes.push(await settings.after(rig));
    const { firstAt, lastAt } = result;
    notes.push(`first call after ${firstAt.toFixed(2)} s, last answer after ${lastAt.toFixed(2)} s`);
    const said = notes.filter((note) => note !== '').join('; ');
    return [{ ...result, ...(ideal > 0 ? { ideal } : {}), notes: said }];
  } finally {
    await rig.stop();
  }
}

async function resultOf(
  rig: Rig,
  scenario: string,
  {
    startedAt,
    before,
    samples,
    sections,
  }: { startedAt: number; before: ReturnType<Rig['cpu']>; samples: number; sections: number },
): Promise<Result> {
  const generated = (await rig.generated('bench'))!;
  const stats = await rig.stats();
  const cpu = rig.cpu();
  const needed = samples * (sections + 1);
  const seconds = (generated.endedAt - startedAt) / 1000;
  const perCall = (name: keyof typeof cpu) => Math.max(0, (cpu[name] - before[name]) / needed);
  return {
    scenario,
    samples,
    good: generated.counts.kept,
    needed,
    requests: stats.requests,
    paidAgain: stats.paidAgain,
    seconds,
    callsPerSecond: needed / seconds,
    firstAt: (stats.firstAt - startedAt) / 1000,
    lastAt: (stats.lastAt - startedAt) / 1000,
    workerPeakMb: rig.workerMemory().peak,
    cpuMsPerCall: { worker: perCall('worker'), temporal: perCall('temporal'), endpoint: perCall('endpoint') },
    notes: '',
    missing: generated.counts.kept < samples,
  };
}

/** Kills the worker with SIGKILL when a quarter, half and three quarters of the calls are answered. */
async function killAtQuarters(rig: Rig): Promise<string> {
  let inFlight = 0;
  for (const share of [0.25, 0.5, 0.75]) {
    const start = await rig.stats();
    while ((await rig.stats()).questions < share * 240) await sleep(20);
    // An answer is in flight until it is stored, which takes the worker a moment.
    const before = await rig.stats();
    await sleep(50);
    await rig.stopWorker('SIGKILL');
    inFlight += accepted(await rig.stats()) - accepted(start) - (before.answered - start.answered);
    await rig.startWorker();
  }
  return `${inFlight} calls were in flight at the three kills`;
}

/** Calls that a provider would bill. */
const accepted = ({ questions, paidAgain }: EndpointStats): number => questions + paidAgain;

/** A finished run; then the same under another id; then with one more instruction. */
async function measureAgain(): Promise<Result[]> {
  const rig = await Rig.start({ sections: SECTIONS, words: 200, latencyMs: 50, faults: {} });
  try {
    await rig.startWorker();
    const results: Result[] = [];
    for (const [run, samples] of [
      ['bench', 40],
      ['same-again', 40],
      ['one-more', 41],
    ] as const) {
      const { requests } = await rig.stats();
      const before = rig.cpu();
      const startedAt = Date.now();
      await (
        await rig.startRun(run, samples, overridesOf(8))
      ).ended;
      const { counts, endedAt } = (await rig.generated(run))!;
      const result = await resultOf(rig, run, { startedAt, before, samples: 40, sections: SECTIONS });
      const seconds = (endedAt - startedAt) / 1000;
      const needed = { bench: 240, 'same-again': 0, 'one-more': 6 }[run];
      results.push({
        ...result,
        samples,
        needed,
        good: counts.kept,
        requests: (await rig.stats()).requests - requests,
        seconds,
        callsPerSecond: needed / seconds,
        missing: counts.kept < samples,
      });
    }
    return results.slice(1);
  } finally {
    await rig.stop();
  }
}

async function longestHistory(rig: Rig, run: string): Promise<{ id: string; events: number }> {
  let longest = { id: '', events: 0 };
  const query = `WorkflowType IN ('runPipeline', 'partition') AND WorkflowId STARTS_WITH '${run}'`;
  for await (const { workflowId, historyLength } of rig.client.workflow.list({ query })) {
    if (historyLength > longest.events) longest = { id: workflowId, events: historyLength };
  }
  return longest;
}
