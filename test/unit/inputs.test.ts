import { mkdir, mkdtemp, rm, writeFile, appendFile, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetWriteFile } from 'hyparquet-writer';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fileStore } from '../../activities/io/store/file.ts';
import { readText } from '../../activities/io/store/json.ts';
import { ConfigError, loadConfig } from '../../configs/load.ts';
import { sha256Hex } from '../../domain/fingerprint.ts';
import { readInputs, uploadInputs } from '../../scripts/upload-inputs.ts';
import { listed } from '../store-contract.ts';

const CONFIG = `
endpoints:
  writer: &endpoint { model: m, baseUrl: https://example.org/v1 }
  judge: *endpoint
training: { baseModel: base }
evaluation: { benchmark: benchmark.jsonl }
`;

describe('the files that a configuration names', () => {
  let folder: string;
  let config: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'longwriter-inputs-'));
    config = join(folder, 'run.yaml');
    await writeFile(config, CONFIG);
    await writeFile(join(folder, 'benchmark.jsonl'), '{"prompt": "p", "type": "t", "length": 5}\n');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const read = async (instructions: unknown) =>
    readInputs(await loadConfig(config, [`instructions=${JSON.stringify(instructions)}`]), config);
  const refusal = async (instructions: unknown): Promise<string> => {
    const error: unknown = await read(instructions).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as Error).message).not.toContain('\n');
    return (error as Error).message.replaceAll(folder, '.');
  };
  const file = async (name: string, content: string | Uint8Array): Promise<object[]> => {
    await writeFile(join(folder, name), content);
    return [{ file: name }];
  };

  test('become store paths by what is in them, under the names that they were given by', async () => {
    const rows = '{"prompt": "a"}\n{"prompt": "b"}\n';
    const sources = await file('a.jsonl', rows);
    const { config: frozen, inputs } = await read({
      sources,
      rules: {},
      decontaminate: { benchmarks: ['benchmark.jsonl'] },
    });
    const [source] = frozen.instructions.sources;
    expect(source).toMatchObject({ file: `inputs/${sha256Hex(rows)}`, name: 'a.jsonl' });
    expect(frozen.instructions.decontaminate?.benchmarks).toEqual([frozen.evaluation.benchmark]);
    expect(frozen.instructions.rules?.file).toMatch(/^inputs\//);
    const store = fileStore(join(folder, 'store'));
    await uploadInputs(store, inputs);
    expect(await readText(store, source!.file)).toBe(rows);
    expect(await readText(store, frozen.instructions.rules!.file!)).toBe(
      await readFile('configs/data/prompt-rules.yaml', 'utf8'),
    );
    expect(await readText(store, frozen.gates.model.prompts!)).toBe(
      await readFile('configs/data/short-prompts.jsonl', 'utf8'),
    );
    // The user's own file may change afterwards.
    await appendFile(join(folder, 'a.jsonl'), 'more');
    expect(await readText(store, source!.file)).toBe(rows);
  });

  test('are refused with file, line and what, before anything is written', async () => {
    const invalid = Buffer.concat([
      Buffer.from('{"prompt": "a"}\n{"prompt": "'),
      Buffer.from([0xff]),
      Buffer.from('"}\n'),
    ]);
    const cases: [string | Uint8Array, string, Record<string, unknown>?][] = [
      ['{"prompt": "a"}\n{"prompt": ', './x:2: not valid JSON'],
      ['{"prompt": "a"}\n[1]', './x:2: expected a JSON object, found an array'],
      ['{"prompt": "a"}\n{"text": "b"}', './x:2: has no column "prompt"'],
      ['{"prompt": " "}', './x:1: column "prompt": Too small: expected string to have >=1 characters'],
      ['{"prompt": "a", "length": "x"}', './x:1: column "length": Invalid input: expected number, received string'],
      [invalid, './x:2: not valid UTF-8'],
      ['', './x: has no rows'],
      ['\n\n', './x: has no rows'],
      [
        `{"prompt": "${'x'.repeat(16_000_001)}"}`,
        './x:1: a line of 16000015 bytes, more than the 16000000 that one may have',
      ],
      ['{"prompt": "a"}', './x: none of its 1 rows has the column "words"', { columns: { length: 'words' } }],
      [
        '{"prompt": "a"}',
        './x:1: "conversation": Invalid input: expected array, received undefined',
        { form: 'wildchat' },
      ],
      ['PAR1 and no more', expect.stringMatching(/^.\/x: is no Parquet file, or is cut short \(/) as string],
    ];
    for (const [content, message, source] of cases) {
      const [named] = await file('x', content);
      expect(await refusal({ sources: [{ ...named, ...source }] })).toEqual(message);
    }
    expect(await refusal({ sources: [{ file: 'none' }] })).toBe(
      './run.yaml: instructions.sources.0.file: ./none cannot be read (ENOENT)',
    );
    await mkdir(join(folder, 'folder'));
    expect(await refusal({ sources: [{ file: 'folder' }] })).toContain('./folder cannot be read (EISDIR)');
  });

  test('may hold broken rows where those are to be left out, but never none or without a column', async () => {
    const sources = await file('x', '{"prompt": "a"}\nbroken\n');
    expect((await read({ sources, badRows: 'reject' })).inputs).toHaveLength(3);
    expect(await refusal({ sources: await file('x', ''), badRows: 'reject' })).toBe('./x: has no rows');
    const filename = join(folder, 'x.parquet');
    parquetWriteFile({ filename, columnData: [{ name: 'text', data: ['a'], type: 'STRING' }] });
    expect(await refusal({ sources: [{ file: 'x.parquet' }], badRows: 'reject' })).toBe(
      './x.parquet: has no column "prompt"; it has text',
    );
  });

  test('rules and benchmarks of their own are read before a run begins', async () => {
    const sources = await file('a.jsonl', '{"prompt": "a"}\n');
    await file('rules.yaml', '[{ name: tea, pattern: "(", about: x }]');
    expect(await refusal({ sources, rules: { file: 'rules.yaml' } })).toMatch(
      /^.\/rules.yaml: rule tea: Invalid regular/,
    );
    await file('b.jsonl', '{"text": "a"}\n');
    expect(await refusal({ sources, decontaminate: { benchmarks: ['b.jsonl'] } })).toMatch(/^.\/b.jsonl:1: prompt: /);
  });

  test('a prompt for steps has the slots without which it could ask for none', async () => {
    await file('step.txt', 'Go on with {{instruction}}: {{words}} words.');
    await expect(readInputs(await loadConfig(config, ['prompts.step=step.txt']), config)).rejects.toThrow(
      'step.txt: has no slot {{text}}',
    );
  });

  test('a prompt for the judge shows it task and text, by our slots or those of the released prompt', async () => {
    const readPrompt = async (text: string) => {
      await file('judge.txt', text);
      return readInputs(await loadConfig(config, ['prompts.judge=judge.txt']), config);
    };
    await expect(readPrompt('Score this: {{response}}')).rejects.toThrow('judge.txt: has no slot {{instruction}}');
    await expect(readPrompt('Score what was written for $INST$')).rejects.toThrow(
      'judge.txt: has no slot {{response}}',
    );
    expect((await readPrompt('$INST$\n$RESPONSE$')).config.prompts.judge).toMatch(/^inputs\//);
  });

  test('general preference pairs are read, in whichever form, before a run begins', async () => {
    const refusalOf = async (line: object): Promise<string> => {
      await file('pairs.jsonl', `{"prompt": "a", "chosen": "b", "rejected": "c"}\n${JSON.stringify(line)}\n`);
      const preferences = 'preferences.general=[{ file: pairs.jsonl, ratio: 12 }]';
      const error: unknown = await readInputs(await loadConfig(config, [preferences]), config).then(
        () => new Error('it was taken'),
        (thrown: unknown) => thrown,
      );
      return (error as Error).message.replaceAll(folder, '.');
    };
    const [user, answer] = [{ role: 'user', content: 'a' } as const, { role: 'assistant', content: 'b' } as const];
    const told = { prompt: [{ role: 'system', content: 's' }, user], chosen: [answer], rejected: 'c', id: 7 };
    expect(await refusalOf(told)).toBe('it was taken');
    expect(await refusalOf({ ...told, prompt: 'a', chosen: [user, answer] })).toBe('it was taken');
    for (const [row, problem] of [
      [
        { prompt: 'a', chosen: 'b' },
        'rejected: expected a text, or messages of system, user and assistant with their content',
      ],
      [
        { ...told, prompt: [] },
        'prompt: expected a text, or messages of system, user and assistant with their content',
      ],
      [{ ...told, prompt: [answer] }, 'prompt: does not end in a message of the user'],
      [{ ...told, chosen: ' ' }, 'chosen: has no text'],
      [{ ...told, chosen: [user] }, 'chosen: expected one answer of the assistant, found 1 messages'],
      [
        { ...told, rejected: [answer, user, answer] },
        'rejected: expected one answer of the assistant, found 3 messages',
      ],
      [
        { ...told, rejected: [{ role: 'tool', content: 'x' }] },
        'rejected: expected a text, or messages of system, user and assistant with their content',
      ],
    ] as const)
      expect(await refusalOf(row)).toBe(`./pairs.jsonl:2: ${problem}`);
  });

  test('are not put into the store where they have changed since they were checked', async () => {
    const { inputs } = await read({ sources: await file('a.jsonl', '{"prompt": "a"}\n') });
    await appendFile(join(folder, 'a.jsonl'), 'broken');
    const store = fileStore(join(folder, 'store'));
    await expect(uploadInputs(store, inputs)).rejects.toThrow('a.jsonl: has changed since it was checked');
    expect(await listed(store, '')).toEqual([]);
  });

  test('an unknown key of a source names its nearest neighbour', async () => {
    await expect(loadConfig(config, ['instructions={ sources: [{ fil: x }] }'])).rejects.toThrow(
      /unknown key "instructions.sources.0.fil", did you mean "file"\?/,
    );
  });
});
