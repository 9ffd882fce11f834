import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readJson, readJsonLines } from '../../activities/io/store/json.ts';
import { loadConfig } from '../../configs/load.ts';
import { stageKey } from '../../domain/keys.ts';
import { DatasetSample, Rejection } from '../../domain/schemas/dataset.ts';
import { StageRecord } from '../../domain/schemas/run.ts';
import { Rig } from '../../scripts/bench/rig.ts';
import { missing } from '../parts.ts';
import { textOf } from '../samples.ts';

const CONFIG = 'configs/longwriter-666.yaml';

describe.skipIf(missing('services'))('a run of imports alone', () => {
  let folder: string;
  let rig: Rig;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'imports-'));
    rig = await Rig.start({ sections: 1, words: 10, latencyMs: 0, faults: {} });
  });
  afterAll(async () => {
    await rig.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test('filters the published form to the texts that have the stated length, and asks no model', async () => {
    const sentences = (words: number): number => Math.ceil(words / 11);
    const row = (prompt: string, text: string) => ({
      messages: [
        { role: 'user', content: prompt },
        { role: 'assistant', content: text },
      ],
    });
    const rows = [
      row('Write a 2,000-word tale of a lighthouse keeper.', textOf('lighthouse', sentences(2000))),
      row('Write 900 words about the mill on the river.', textOf('mill', sentences(900))),
      row('Write 3,000 words about the clocks of a town.', textOf('clocks', sentences(500))),
      row('Write about fog as long as you like.', textOf('fog', sentences(2000))),
      row('Write 800 words about a stolen lamp.', "I'm sorry, I can't help with that request today."),
      row('Write 900 words on that same mill by the river.', textOf('mill', sentences(900))),
    ];
    const file = join(folder, 'long.jsonl');
    await writeFile(file, rows.map((one) => `${JSON.stringify(one)}\n`).join(''));
    const overrides = [`imports=[{file: ${file}}]`, 'filter.maxForeign=1'];
    const frozen = await rig.freeze('minimum', await loadConfig(CONFIG, overrides), CONFIG);
    await rig.startWorker();
    await rig.walk('minimum', frozen, { until: 'dataset' });

    const { outcome } = await readJson(rig.store, stageKey('minimum', 'dataset'), StageRecord);
    expect(outcome).toMatchObject({
      selected: 6,
      kept: 2,
      failed: 0,
      rejected: { 'length-score': 1, 'no-length': 1, refusal: 1, 'near-duplicate': 1 },
    });
    const at = (outcome as { folder: string }).folder;
    const kept = await readJsonLines(rig.store, `${at}/samples.jsonl`, DatasetSample);
    expect(new Set(kept.map(({ required }) => required))).toEqual(new Set([2000, 900]));
    expect(kept.every(({ lengthScore }) => lengthScore! >= 80)).toBe(true);
    expect(await readJsonLines(rig.store, `${at}/rejections.jsonl`, Rejection)).toHaveLength(4);
    expect(await rig.stats()).toMatchObject({ requests: 0 });
  });
});
