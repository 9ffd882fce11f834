import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { jsonBytes, readJson } from '../../activities/io/store/json.ts';
import { loadConfig } from '../../configs/load.ts';
import { NO_SPENDING } from '../../domain/cost.ts';
import { sha256Hex } from '../../domain/fingerprint.ts';
import { instructionsKey, sampleKey, stageKey } from '../../domain/keys.ts';
import { countWords } from '../../domain/length.ts';
import { SftRow } from '../../domain/schemas/dataset.ts';
import { StageRecord } from '../../domain/schemas/run.ts';
import type { Sample } from '../../domain/schemas/sample.ts';
import type { SearchResult } from './dataset.ts';
import { Rig } from './rig.ts';

const RUN = 'bench';
/** Samples that are put into the store at once. */
const AT_ONCE = 64;

/**
 * The dataset stage of a run, by a real worker, over the rows of a file: every filter that looks at a text, near-duplicates
 * and contamination, then both forms of the rows, card and manifest.
 */
export async function measureAssembly(
  file: string,
  settings: { readonly rows: number; readonly words: number; readonly threshold: number; readonly planted: number },
): Promise<SearchResult> {
  const rig = await Rig.start({ sections: 1, words: 1, latencyMs: 0, faults: {} });
  try {
    const instructions = await putSamples(rig, file);
    const config = join(import.meta.dirname, 'dataset.yaml');
    const overrides = [`filter.nearDuplicates={threshold: ${settings.threshold}}`];
    const frozen = await rig.freeze(RUN, await loadConfig(config, overrides), config);
    const time = new Date().toISOString();
    for (const [stage, outcome] of [
      ['select', { key: instructions, selected: settings.rows, duplicates: 0, read: settings.rows, leftOut: {} }],
      ['generate', {}],
    ] as const)
      await rig.store.putView(
        stageKey(RUN, stage),
        jsonBytes({ stage, revision: 1, startedAt: time, endedAt: time, outcome } satisfies StageRecord),
      );
    await rig.startWorker();
    await rig.walk(RUN, frozen, { from: 'dataset', until: 'dataset' });
    const record = await readJson(rig.store, stageKey(RUN, 'dataset'), StageRecord);
    const { rejected } = record.outcome as { rejected: Record<string, number> };
    return {
      search: 'dataset stage',
      ...settings,
      seconds: (Date.parse(record.endedAt) - Date.parse(record.startedAt)) / 1000,
      peakMegabytes: rig.workerMemory().peak,
      duplicates: rejected['near-duplicate'] ?? 0,
    };
  } finally {
    await rig.stop();
  }
}

/** Puts every row of a file into the rig's store as an imported sample; returns where their instructions are. */
async function putSamples({ store }: Rig, file: string): Promise<string> {
  const instructions: string[] = [];
  let writing: Promise<void>[] = [];
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const [user, assistant] = SftRow.parse(JSON.parse(line)).messages;
    const id = sha256Hex(user!.content).slice(0, 16);
    instructions.push(`${JSON.stringify({ id, prompt: user!.content, imported: true })}\n`);
    writing.push(store.putView(sampleKey(RUN, id), jsonBytes(sampleOf(id, assistant!.content))));
    if (writing.length < AT_ONCE) continue;
    await Promise.all(writing);
    writing = [];
  }
  await Promise.all(writing);
  const key = instructionsKey(RUN, 'bench');
  await store.putView(key, new TextEncoder().encode(instructions.join('')));
  return key;
}

function sampleOf(id: string, text: string): Sample {
  return {
    id,
    origin: 'imported',
    settings: 'imported',
    verdict: 'kept',
    sections: [],
    refused: [],
    summaries: [],
    retry: { draws: 0, anew: 0 },
    spending: NO_SPENDING,
    text,
    words: countWords(text),
  };
}
