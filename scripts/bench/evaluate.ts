import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PROJECT } from '../../configs/env.ts';
import { loadConfig } from '../../configs/load.ts';
import { findJson } from '../../activities/io/store/json.ts';
import { stageKey } from '../../domain/keys.ts';
import { StageRecord } from '../../domain/schemas/run.ts';
import type { EndpointStats } from './endpoint.ts';
import { Rig } from './rig.ts';

const CONFIG = join(PROJECT, 'scripts/bench/evaluate.yaml');
const [IN_FLIGHT, JUDGEMENTS] = [64, 3];

/** What an evaluation of one model behind an endpoint came to. */
export interface EvaluationResult {
  readonly walk: 'first' | 'again';
  readonly prompts: number;
  /** Completions and judgements. */
  readonly needed: number;
  readonly requests: number;
  readonly mostInFlight: number;
  /** From the first question to the last answer. */
  readonly callSeconds: number;
  /** From the start of the run to the end of its evaluation: intervals and files too. */
  readonly seconds: number;
  /** Completions, then judgements, each × latency ÷ calls in flight. */
  readonly ideal: number;
  readonly cpuSeconds: { readonly worker: number; readonly temporal: number; readonly endpoint: number };
}

/** An evaluation of so many prompts with three judgements each, and the same under another run, which finds every answer. */
export async function measureEvaluation(prompts: number, latencyMs: number): Promise<EvaluationResult[]> {
  const rig = await Rig.start({ sections: 1, words: 400, latencyMs, faults: {} });
  try {
    await rig.startWorker();
    const needed = prompts * (1 + JUDGEMENTS);
    const ideal = ((Math.ceil(prompts / IN_FLIGHT) + Math.ceil((prompts * JUDGEMENTS) / IN_FLIGHT)) * latencyMs) / 1000;
    const results: EvaluationResult[] = [];
    let before: Pick<EndpointStats, 'requests'> = { requests: 0 };
    for (const walk of ['first', 'again'] as const) {
      const cpu = rig.cpu();
      const startedAt = Date.now();
      await evaluate(rig, walk, prompts);
      const stats = await rig.stats();
      const record = (await findJson(rig.store, stageKey(walk, 'evaluate'), StageRecord))!;
      const requests = stats.requests - before.requests;
      results.push({
        walk,
        prompts,
        needed: walk === 'first' ? needed : 0,
        requests,
        mostInFlight: stats.mostInFlight,
        callSeconds: requests === 0 ? 0 : (stats.lastAt - stats.firstAt) / 1000,
        seconds: (Date.parse(record.endedAt) - startedAt) / 1000,
        ideal: walk === 'first' ? ideal : 0,
        cpuSeconds: cpuSince(cpu, rig.cpu()),
      });
      before = stats;
    }
    return results;
  } finally {
    await rig.stop();
  }
}

type Cpu = ReturnType<Rig['cpu']>;

function cpuSince(before: Cpu, after: Cpu): Cpu {
  const of = (name: keyof Cpu): number => (after[name] - before[name]) / 1000;
  return { worker: of('worker'), temporal: of('temporal'), endpoint: of('endpoint') };
}

async function evaluate(rig: Rig, run: string, prompts: number): Promise<void> {
  const rows = Array.from({ length: prompts }, (_, index) => ({
    prompt: `Write 400 words about subject ${index}.`,
    type: `type ${index % 7}`,
    length: [300, 900, 3000, 8000][index % 4],
  }));
  const benchmark = join(rig.home, 'benchmark.jsonl');
  await writeFile(benchmark, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const at = (of: string) => `${of}.baseUrl=${rig.baseUrl}`;
  const overrides = [
    ...['endpoints.writer', 'endpoints.judge', 'evaluation.endpoints.fixed'].map(at),
    `evaluation.benchmark=${benchmark}`,
  ];
  const frozen = await rig.freeze(run, await loadConfig(CONFIG, overrides), CONFIG);
  await rig.walk(run, frozen, {});
}
