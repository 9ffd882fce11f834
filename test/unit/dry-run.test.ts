import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PROJECT } from '../../configs/env.ts';
import { loadConfig } from '../../configs/load.ts';
import { parametersOf } from '../../scripts/assumptions.ts';
import { estimateRun } from '../../scripts/estimate.ts';

const file = join(PROJECT, 'configs/quickstart.yaml');

describe('a dry run', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'longwriter-dry-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('counts what the files hold, and takes lengths from where they are stated', async () => {
    const rows = [
      { prompt: 'Write 900 words about tea.' },
      { prompt: 'Write about rain.', length: 300 },
      { prompt: 'Write.' },
    ];
    const instructions = join(folder, 'rows.jsonl');
    await writeFile(instructions, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    const config = await loadConfig(file, [`instructions.sources=[{file: ${instructions}}]`]);
    const { counted, assumed, total, stages } = await estimateRun({ config, file }, { until: 'dataset' }, ['draws=2']);
    expect(counted).toMatchObject({ instructions: 3, prompts: 6 });
    expect(assumed.find(({ name }) => name === 'words')).toMatchObject({
      value: 600,
      text: expect.stringContaining('2 instructions'),
    });
    // A plan and 3 sections of 200 words, each asked for twice.
    expect([total.calls, stages.map(({ stage }) => stage)]).toEqual([3 * 4 * 2, ['select', 'generate', 'dataset']]);
    expect(assumed.map(({ name }) => name)).not.toContain('teraflops');
  });

  it('refuses what is no assumption, and says which there are', async () => {
    const config = await loadConfig(file);
    await expect(estimateRun({ config, file }, {}, ['wrods=2'])).rejects.toThrow(
      /--assume "wrods".*did you mean "words"/,
    );
    await expect(estimateRun({ config, file }, {}, ['words=many'])).rejects.toThrow(
      '--assume words=many: expected words= and a number',
    );
  });

  it('reads the size of a model from its name, where it tells one', () => {
    const names = [
      'THUDM/glm-4-9b-hf',
      'meta-llama/Llama-3.1-8B',
      '/models/smollm2-135m-instruct',
      'store:runs/a/sft/9b/model',
      'gpt-4o',
    ];
    expect(names.map(parametersOf)).toEqual([9e9, 8e9, 135e6, undefined, undefined]);
  });
});
