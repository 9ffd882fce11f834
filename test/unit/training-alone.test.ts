import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetWriteFile } from 'hyparquet-writer';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findManifest } from '../../activities/folder.ts';
import { identifyModel } from '../../activities/identify-model.ts';
import { readText } from '../../activities/io/store/json.ts';
import { prepareRows } from '../../activities/prepare-rows.ts';
import { ConfigError } from '../../configs/load.ts';
import { sha256Hex } from '../../domain/fingerprint.ts';
import { TRAINING_FIELDS } from '../../scripts/input-fields.ts';
import { staleStages } from '../../scripts/stale-stages.ts';
import { loadTraining } from '../../scripts/training-config.ts';
import { readInputs } from '../../scripts/upload-inputs.ts';
import { inActivity } from '../samples.ts';
import { activityDeps } from './activity-deps.ts';

const PAPER = 'configs/longwriter-6k.yaml';
const turns = (question: string, answer: string) => [
  { role: 'user', content: question },
  { role: 'assistant', content: answer },
];
const SFT = { messages: turns('Write of tea.', 'Tea.'), source: 'mine' };
const DPO = { prompt: 'Write of tea.', chosen: 'Tea, long.', rejected: [{ role: 'assistant', content: 'No.' }] };
const lines = (...rows: unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'longwriter-alone-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** What `longwriter train` makes of a configuration and a file. */
async function read(method: 'sft' | 'dpo', content: string | undefined, overrides: string[] = [], config = PAPER) {
  const data = join(folder, 'rows');
  if (content !== undefined) await writeFile(data, content);
  const loaded = await loadTraining(config, overrides, { method, data, model: '{project}/base: "x"' });
  return readInputs(loaded, config, TRAINING_FIELDS);
}

async function refusal(...given: Parameters<typeof read>): Promise<string> {
  const error: unknown = await read(...given).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ConfigError);
  expect((error as Error).message).not.toContain('\n');
  return (error as Error).message.replaceAll(folder, '.');
}

describe('the configuration of a training alone', () => {
  test("is by default no other model's: one process and the own chat template", async () => {
    const { config, inputs } = await read('sft', lines(SFT), [], 'configs/train.yaml');
    expect(config.training).toMatchObject({
      command: ['{python}', '-m', 'longwriter_trainer', '{job}'],
      sft: { epochs: 4 },
    });
    expect(config.training.chatTemplate).toBeUndefined();
    expect(inputs).toHaveLength(2);
  });

  test('holds how to train, what was in the file, and nothing of other stages', async () => {
    const content = lines(SFT);
    const { config, inputs } = await read('sft', content, ['training.sft.epochs=1']);
    expect(config.training).toMatchObject({
      baseModel: '{project}/base: "x"',
      alone: { method: 'sft', data: `inputs/${sha256Hex(content)}` },
      sft: { epochs: 1, batchSize: 8, maxLength: 32768 },
    });
    // Beside the rows: the chat template of that configuration, and the short prompts of the gate.
    expect(inputs.map(({ key }) => key)).toContain(`inputs/${sha256Hex(content)}`);
    expect(inputs).toHaveLength(3);
    expect(JSON.stringify(config)).not.toMatch(/gpt-4o|benchmark\.jsonl|instructions\.jsonl/);
  });

  test('is the same whatever the file says of other stages, or of the other method', async () => {
    const small = join(folder, 'small.yaml');
    await writeFile(small, 'training: { baseModel: m, sft: { epochs: 4 }, dpo: { beta: 0.5 } }\n');
    const plain = join(folder, 'plain.yaml');
    await writeFile(plain, 'training: { baseModel: n }\nfilter: { minWords: 7 }\n');
    const [a, b] = [await read('sft', lines(SFT), [], small), await read('sft', lines(SFT), [], plain)];
    expect(a.config).toEqual(b.config);
  });

  test.each([
    ['filter.minWords=3', 'a training alone reads seed, training.* and gates.model.* only'],
    ['training.dpo.beta=1', 'nothing of dpo'],
    ['training.sft.epochz=3', 'unknown key "training.sft.epochz", did you mean "epochs"?'],
  ])('refuses --set %s', async (change, message) => {
    expect(await refusal('sft', lines(SFT), [change])).toContain(message);
  });

  test('names an unknown key of the file, also where it reads nothing of it', async () => {
    const typo = join(folder, 'typo.yaml');
    await writeFile(typo, 'trainig: {}\n');
    expect(await refusal('sft', lines(SFT), [], typo)).toContain('did you mean "training"?');
  });

  test('changed, makes its one stage stale', async () => {
    const { config } = await read('sft', lines(SFT));
    const { config: other } = await read('sft', lines(SFT), ['seed=43']);
    expect(staleStages(config, other)).toEqual(['sft']);
    expect(staleStages(config, config)).toEqual([]);
  });
});

describe('the rows of a training alone', () => {
  test.each([
    [
      'sft',
      lines(SFT, DPO),
      'rows:2: has no column "messages", which sft needs (messages); it has prompt, chosen, rejected',
    ],
    [
      'dpo',
      lines(SFT),
      'rows:1: has no column "prompt", which dpo needs (prompt, chosen, rejected); it has messages, source',
    ],
    ['sft', lines({ messages: turns('q', ' ') }), 'rows:1: messages: does not end in an assistant message with text'],
    ['sft', lines({ messages: turns('q', 'a').slice(0, 1) }), 'rows:1: messages: does not end in an assistant message'],
    ['sft', lines({ messages: [{ role: 'robot', content: 'a' }] }), 'rows:1: messages.0.role: Invalid option'],
    ['dpo', lines({ ...DPO, chosen: 5 }), 'rows:1: chosen: expected a text, or messages'],
    ['sft', 'cut o', 'rows:1: not valid JSON'],
    ['sft', '\n', 'rows: has no rows'],
    ['sft', undefined, 'rows cannot be read (ENOENT)'],
  ] as const)('%s of %j are refused in one line', async (method, content, message) => {
    expect(await refusal(method, content)).toContain(message);
  });

  /** The activity, on a run that was frozen with this file. */
  async function prepare(method: 'sft' | 'dpo', bytes: Uint8Array | string) {
    const deps = await activityDeps(folder, undefined as never, [
      `training.alone={ method: ${method}, data: inputs/rows }`,
    ]);
    await deps.store.putView('inputs/rows', typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes);
    const made = () => inActivity(() => prepareRows(deps, { run: 'r', revision: 1 }));
    const { folder: key } = await made();
    return { deps, made, key, manifest: (await findManifest(deps.store, key))! };
  }

  test('become JSON Lines with a manifest, without what no trainer reads; twice is once', async () => {
    const { deps, made, key, manifest } = await prepare('sft', lines(SFT, SFT));
    expect(await readText(deps.store, `${key}/rows.jsonl`)).toBe(
      lines({ messages: SFT.messages }, { messages: SFT.messages }),
    );
    expect(manifest).toMatchObject({ files: [{ path: 'rows.jsonl', rows: 2 }], counts: { rows: 2 } });
    await deps.store.remove('inputs/rows');
    expect(await made()).toEqual({ folder: key });
  });

  test('take texts of pairs as turns', async () => {
    const { deps, key } = await prepare('dpo', lines(DPO));
    expect(JSON.parse(await readText(deps.store, `${key}/rows.jsonl`))).toEqual({
      prompt: [{ role: 'user', content: 'Write of tea.' }],
      chosen: [{ role: 'assistant', content: 'Tea, long.' }],
      rejected: DPO.rejected,
    });
  });

  test('may be Parquet', async () => {
    const file = join(folder, 'rows.parquet');
    const columnData = [{ name: 'messages', data: [SFT.messages, SFT.messages], type: 'JSON' as const }];
    parquetWriteFile({ filename: file, columnData });
    const { deps, key } = await prepare('sft', await readFile(file));
    expect(await readText(deps.store, `${key}/rows.jsonl`)).toBe(
      lines({ messages: SFT.messages }, { messages: SFT.messages }),
    );
  });

  test('that are none of the method fail the stage, and leave no folder', async () => {
    await expect(prepare('dpo', lines(SFT))).rejects.toMatchObject({
      type: 'Dataset.Invalid',
      message: expect.stringContaining('inputs/rows:1: has no column "prompt"'),
    });
    await expect(prepare('sft', '')).rejects.toMatchObject({ type: 'Dataset.Empty' });
  });
});

describe('a base model of the store', () => {
  test('is known by its files, and one that is not whole is missing', async () => {
    const deps = await activityDeps(folder, undefined as never, ['training.baseModel="store:runs/a/sft/b/model"']);
    const identify = () => inActivity(() => identifyModel(deps, { run: 'r', revision: 1 }));
    await expect(identify()).rejects.toThrow('runs/a/sft/b/model holds no whole model');
    const files = [{ path: 'model.safetensors', sizeBytes: 1, sha256: 'x' }];
    const manifest = { inputs: 'i', files, counts: {} };
    await deps.store.putView('runs/a/sft/b/model/manifest.json', new TextEncoder().encode(JSON.stringify(manifest)));
    expect(await identify()).toMatchObject({
      name: 'base',
      identity: expect.stringMatching(/^[0-9a-f]{64}$/),
      location: { kind: 'store', folder: 'runs/a/sft/b/model' },
    });
  });
});
