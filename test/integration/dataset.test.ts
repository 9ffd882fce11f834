import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { assembleDataset } from '../../activities/assemble-dataset.ts';
import { importSamples } from '../../activities/import-samples.ts';
import { jsonLinesBytes, readJsonLines } from '../../activities/io/store/json.ts';
import { SftRow } from '../../domain/schemas/dataset.ts';
import { PROJECT } from '../../configs/env.ts';
import { pythonOf } from '../../scripts/embedded/paths.ts';
import { missing } from '../parts.ts';
import { inActivity } from '../samples.ts';
import { activityDeps } from '../unit/activity-deps.ts';

const RUN = { run: 'r', revision: 1 };
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dataset-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.skipIf(missing('trainer'))('an assembled dataset', () => {
  test("loads in both forms with Hugging Face's datasets, by its card alone, with the same rows", async () => {
    const deps = await activityDeps(folder, undefined as never, [
      'imports=[{file: inputs/imported}]',
      'filter.minWords=3',
      'dataset.testFraction=0.3',
    ]);
    const rows = Array.from({ length: 40 }, (_, index) => ({
      messages: [
        { role: 'user', content: `Write text ${index}: 写一篇短文` },
        {
          role: 'assistant',
          content: `Line one "${index}" \\ \u2028 end.\n\n第二段 🎉 and a few more words, ${'so '.repeat(index)}it goes.`,
        },
      ],
    }));
    await deps.store.putView('inputs/imported', jsonLinesBytes(rows));
    const imported = await inActivity(() => importSamples(deps, RUN));
    expect(imported).toMatchObject({ read: 40, imported: 40 });
    const made = await inActivity(() => assembleDataset(deps, { ...RUN, instructions: imported.key }));
    const written = {
      train: await readJsonLines(deps.store, `${made.folder}/longwriter-quickstart.jsonl`, SftRow),
      test: await readJsonLines(deps.store, `${made.folder}/longwriter-quickstart-test.jsonl`, SftRow),
    };
    expect(written.train.length + written.test.length).toBe(40);

    const script = resolve('test/fixtures/load-dataset.py');
    const { stdout } = await promisify(execFile)(
      pythonOf(PROJECT, 'trainer'),
      [script, join(folder, made.folder), 'longwriter-quickstart', join(folder, 'cache')],
      { env: { ...process.env, HF_HUB_OFFLINE: '1', HF_DATASETS_OFFLINE: '1' }, maxBuffer: 1 << 26 },
    );
    const loaded = JSON.parse(stdout) as Record<string, Record<string, SftRow['messages'][]>>;
    for (const form of ['card', 'lines']) {
      expect(loaded[form]!.train).toEqual(written.train.map(({ messages }) => messages));
      expect(loaded[form]!.test).toEqual(written.test.map(({ messages }) => messages));
    }
  });
});
