import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PROJECT, readEnvironment } from '../../../configs/env.ts';
import { ConfigError, loadConfig, parseConfig } from '../../../configs/load.ts';

const MINIMAL = `
instructions: { sources: [{ file: instructions.jsonl }] }
endpoints:
  writer: &endpoint { model: m, baseUrl: https://example.org/v1 }
  judge: *endpoint
training: { baseModel: base }
evaluation: { benchmark: benchmark.jsonl }
`;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'longwriter-configs-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Loads a text as a configuration, under a file name of its own. */
async function load(text: string, ...overrides: string[]) {
  const file = join(await mkdtemp(join(folder, 'config-')), 'run.yaml');
  await writeFile(file, text);
  return loadConfig(file, overrides);
}

/** The one-line message that a configuration is refused with. */
async function refusal(text: string, ...overrides: string[]): Promise<string> {
  const error: unknown = await load(text, ...overrides).then(
    () => new Error('the configuration was taken'),
    (failed: unknown) => failed,
  );
  expect(error).toBeInstanceOf(ConfigError);
  const { message } = error as ConfigError;
  expect(message).not.toContain('\n');
  return message;
}

describe('every file in configs/', () => {
  // These are parts of one: see training-alone.test.ts and evaluation-alone.test.ts.
  const parts = ['train.yaml', 'evaluate.yaml'];
  const files = readdirSync(join(PROJECT, 'configs')).filter((name) => name.endsWith('.yaml') && !parts.includes(name));

  it.each(files)('%s is a configuration', async (name) => {
    await expect(loadConfig(join(PROJECT, 'configs', name))).resolves.toMatchObject({ seed: 42 });
  });

  it.skipIf(!files.includes('longwriter-6k.yaml'))('longwriter-6k.yaml is the paper’s recipe', async () => {
    expect(await loadConfig(join(PROJECT, 'configs/longwriter-6k.yaml'))).toMatchObject({
      endpoints: { writer: { model: 'gpt-4o-2024-05-13' }, judge: { model: 'gpt-4o-2024-05-13' } },
      generation: { plan: { mode: 'text' }, section: { context: 'single-prompt' } },
      training: { sft: { epochs: 4, learningRate: 1e-5, batchSize: 8 }, dpo: { maxSteps: 250 } },
      preferences: { prompts: 4000, completions: 4 },
    });
  });
});

describe('defaults', () => {
  it('are the hyper-parameters of the paper’s scripts', async () => {
    expect(await load(MINIMAL)).toMatchObject({
      seed: 42,
      generation: {
        plan: {
          mode: 'text',
          sections: { max: 50 },
          sectionWords: { min: 200, max: 1000 },
          sampling: { temperature: 1, maxTokens: 4096 },
        },
        section: { context: 'single-prompt', sampling: { temperature: 1, maxTokens: 4096 } },
      },
      filter: { minWords: 2000, minLengthScore: 0 },
      training: {
        sft: {
          epochs: 4,
          learningRate: 1e-5,
          warmupRatio: 0.03,
          weightDecay: 0.1,
          adamBeta1: 0.9,
          adamBeta2: 0.95,
          maxGradNorm: 1,
          batchSize: 8,
          microBatchSize: 1,
          maxLength: 32768,
          overLong: 'skip',
          saveSteps: 400,
          gradientCheckpointing: true,
        },
      },
      preferences: { prompts: 4000, completions: 4 },
      judge: { sampling: { temperature: 0.5, maxTokens: 1024 }, maxDraws: 5 },
      evaluation: { sampling: { temperature: 0.5, maxTokens: 32768 }, models: ['base', 'sft', 'dpo'] },
      endpoints: { writer: { limits: { timeoutSeconds: 600 } } },
    });
  });

  it('keep what costs something off: no mixed rows, no limit of steps, nobody’s prompts', async () => {
    const config = await load(MINIMAL);
    expect(config.dataset.general).toEqual([]);
    expect(config.training.sft.maxSteps).toBeUndefined();
    expect(config.prompts).toEqual({});
    expect(config.gates).toMatchObject({ maxRejectedFraction: 1, maxFailedFraction: 0, model: { promote: 'passed' } });
  });
});

describe('a configuration', () => {
  it('is frozen in its depths', async () => {
    const config = await load(MINIMAL);
    const visit = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      expect(Object.isFrozen(value)).toBe(true);
      Object.values(value).forEach(visit);
    };
    visit(config);
  });

  it('says which file cannot be read', async () => {
    await expect(loadConfig(join(folder, 'absent.yaml'))).rejects.toThrow(/absent\.yaml: cannot be read \(ENOENT\)/);
  });

  it('names file and line of broken YAML', async () => {
    expect(await refusal(`${MINIMAL}seed: [1, 2\n`)).toMatch(/run\.yaml: .*line \d+/);
    expect(await refusal(`${MINIMAL}seed: 1\nseed: 2\n`)).toMatch(/run\.yaml: .*unique.*line \d+/);
    expect(await refusal(`${MINIMAL}seed: *nowhere\n`)).toMatch(/run\.yaml: .*nowhere/);
  });

  it('says what is missing and what is wrong, by its dotted path', async () => {
    expect(await refusal('')).toMatch(/endpoints: .*training: /);
    expect(await refusal('just a text')).toContain('the file: ');
    expect(await refusal(MINIMAL, 'generation.plan.sampling.temperature=3')).toContain(
      'generation.plan.sampling.temperature: ',
    );
    expect(await refusal(MINIMAL, 'endpoints.writer.baseUrl=nonsense')).toContain('endpoints.writer.baseUrl: ');
  });

  it.each([
    ['sed: 1', '"sed", did you mean "seed"?'],
    ['generation: { maxDrawz: 1 }', '"generation.maxDrawz", did you mean "maxDraws"?'],
    ['filter: { plan: { x: 1 }, minWord: 1 }', '"filter.minWord", did you mean "minWords"?'],
    ['judge: { sampling: { topp: 1 } }', '"judge.sampling.topp", did you mean "topP"?'],
  ])('names an unknown key and its nearest neighbour: %s', async (text, message) => {
    expect(await refusal(`${MINIMAL}${text}\n`)).toContain(`unknown key ${message}`);
  });

  it('names an unknown key inside an endpoint and inside a training', async () => {
    expect(await refusal(MINIMAL, 'endpoints.writer.dialect.seeds=send')).toContain(
      'unknown key "endpoints.writer.dialect.seeds", did you mean "seed"?',
    );
    expect(await refusal(MINIMAL, 'training.dpo.learning_rate=1')).toContain(
      'unknown key "training.dpo.learning_rate", did you mean "learningRate"?',
    );
  });
});

describe('--set', () => {
  it('sets values of any kind, over what the file says and where it says nothing', async () => {
    const config = await load(
      `${MINIMAL}seed: 1\n`,
      'seed=7',
      'generation.maxDraws=5',
      'judge.mode=schema',
      'evaluation.models=[base]',
      'training.sft.learningRate=1e-4',
      'preferences.sampling.extra={ stop: "a=b" }',
    );
    expect(config).toMatchObject({
      seed: 7,
      generation: { maxDraws: 5, window: 64 },
      judge: { mode: 'schema' },
      evaluation: { models: ['base'], benchmark: 'benchmark.jsonl' },
      training: { sft: { learningRate: 1e-4 }, baseModel: 'base' },
      preferences: { sampling: { extra: { stop: 'a=b' } } },
    });
  });

  it('lets the last of two win', async () => {
    expect(await load(MINIMAL, 'seed=1', 'seed=2')).toMatchObject({ seed: 2 });
  });

  it('changes only the place it names, also where the file shares one by an alias', async () => {
    const config = await load(MINIMAL, 'endpoints.judge.model=other', 'endpoints.writer.limits.inFlight=3');
    expect(config.endpoints.writer).toMatchObject({ model: 'm', limits: { inFlight: 3 } });
    expect(config.endpoints.judge).toMatchObject({ model: 'other', limits: { inFlight: 8 } });
  });

  it.each([
    ['seed', 'expected key=value'],
    ['=1', 'expected key=value'],
    ['seed=[1,', '--set seed=[1,'],
    ['seed=*nowhere', 'nowhere'],
    ['training.baseModel.x=1', '"x"'],
    ['evaluation.models.0=base', 'no keys'],
    ['sed=1', 'did you mean "seed"?'],
    ['sections.max=3', 'unknown key "sections", did you mean "generation.plan.sections"?'],
    ['generation.plan.maxTokens=3', 'did you mean "generation.plan.sampling.maxTokens"?'],
    ['generation.=1', 'unknown key'],
    ['__proto__.polluted=1', 'unknown key'],
  ])('refuses %s', async (override, message) => {
    const text = MINIMAL.replace('benchmark: benchmark.jsonl', 'benchmark: benchmark.jsonl, models: [sft]');
    expect(await refusal(text, override)).toContain(message);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});

describe('who is blamed for a bad value', () => {
  it('is the override that set it, or a part of it, and else the file', async () => {
    expect(await refusal(MINIMAL, 'filter.minWords=-1')).toMatch(/^--set filter\.minWords=-1: filter\.minWords: /);
    expect(await refusal(MINIMAL, 'judge={ mod: text }')).toMatch(
      /^--set judge=\{ mod: text \}: unknown key "judge\.mod"/,
    );
    expect(await refusal(MINIMAL, 'seed.x=1')).toMatch(/^--set seed\.x=1: seed: /);
    const both = await refusal(`${MINIMAL}sed: 1\n`, 'seed=2', 'filter.minWord=-1');
    expect(both).toMatch(
      /run\.yaml: unknown key "sed".*; --set filter\.minWord=-1: unknown key|--set filter.*; .*run\.yaml: unknown key "sed"/,
    );
    expect(both).not.toContain('--set seed=2');
  });
});

describe('parseConfig', () => {
  it('refuses anything that is none with a ConfigError, and nothing else', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(() => parseConfig(value, 'test')).toThrow(ConfigError);
      }),
    );
  });
});

describe('readEnvironment', () => {
  it('has the embedded defaults', () => {
    expect(readEnvironment({})).toMatchObject({
      temporalAddress: undefined,
      temporalNamespace: undefined,
      embeddedAddress: '127.0.0.1:7233',
      home: join(PROJECT, '.longwriter'),
      storeUrl: join(PROJECT, '.longwriter/store'),
    });
  });

  it('takes a store, and a key by the name that a configuration gives', () => {
    const environment = readEnvironment({ LONGWRITER_STORE: 'gs://bucket/prefix', MY_KEY: 'secret' });
    expect(environment.storeUrl).toBe('gs://bucket/prefix');
    expect(environment.secret('MY_KEY')).toBe('secret');
    expect(environment.secret('OTHER_KEY')).toBeUndefined();
    expect(JSON.stringify(environment)).not.toContain('secret');
  });
});
