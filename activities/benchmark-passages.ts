import { z } from 'zod';
import type { RunConfig } from '../configs/schema.ts';
import type { Passage } from '../domain/contamination.ts';
import { readJsonLines } from './io/store/json.ts';
import type { Store } from './io/store/store.ts';

const BenchmarkPrompt = z.object({ prompt: z.string() });

/** The benchmarks of a run, by store path: the one that it evaluates on, and those that its data must not overlap with. */
export function benchmarkFiles(config: RunConfig): string[] {
  return [...new Set([config.evaluation.benchmark, ...(config.instructions.decontaminate?.benchmarks ?? [])])];
}

/** The prompts of a run's benchmarks, each with where it stands in them. Fails with Store.Corrupt. */
export async function benchmarkPassages(store: Store, config: RunConfig): Promise<Passage[]> {
  const passages: Passage[] = [];
  for (const [at, file] of benchmarkFiles(config).entries()) {
    const name = at === 0 ? 'evaluation.benchmark' : `instructions.decontaminate.benchmarks, file ${at}`;
    const rows = await readJsonLines(store, file, BenchmarkPrompt);
    passages.push(...rows.map(({ prompt }, index) => ({ source: `${name} row ${index + 1}`, text: prompt })));
  }
  return passages;
}
