import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import type { Store } from '../activities/io/store/store.ts';
import { PROJECT } from '../configs/env.ts';
import { loadConfig } from '../configs/load.ts';
import { freezeConfig, startWorkflow, type RunOptions } from '../scripts/runs.ts';
import { readInputs, uploadInputs } from '../scripts/upload-inputs.ts';

/** A run that generates texts behind an endpoint of the bench. */
export interface GenerationRun {
  readonly client: Client;
  readonly store: Store;
  /** A folder for its instructions. */
  readonly home: string;
  readonly baseUrl: string;
  readonly run: string;
  readonly samples: number;
  readonly overrides?: readonly string[];
  readonly options?: RunOptions;
}

/** Starts a run of so many instructions of its own, up to its dataset. */
export async function startGeneration(given: GenerationRun): Promise<void> {
  const { client, store, home, baseUrl, run, samples, overrides = [], options } = given;
  const rows = Array.from({ length: samples }, (_, index) => ({ prompt: `Write a long text on ${run} ${index}.` }));
  const instructions = join(home, `${run}.jsonl`);
  await writeFile(instructions, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const file = join(PROJECT, 'scripts/bench/generate.yaml');
  const urls = ['writer', 'judge'].map((name) => `endpoints.${name}.baseUrl=${baseUrl}`);
  const sources = `instructions.sources=[{file: ${instructions}}]`;
  const { config, inputs } = await readInputs(await loadConfig(file, [...urls, sources, ...overrides]), file);
  await uploadInputs(store, inputs);
  await startWorkflow(client, run, await freezeConfig(store, run, config), { until: 'dataset', ...options });
}
