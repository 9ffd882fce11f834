import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PROJECT } from '../../configs/env.ts';
import { ConfigError, loadConfig } from '../../configs/load.ts';
import { sha256Hex } from '../../domain/fingerprint.ts';
import { readModels } from '../../scripts/evaluated-models.ts';
import { evaluationAlone, loadEvaluation, type GivenEvaluation } from '../../scripts/evaluation-config.ts';
import { fetchFile } from '../../scripts/fetch-file.ts';
import { EVALUATION_FIELDS } from '../../scripts/input-fields.ts';
import { staleStages } from '../../scripts/stale-stages.ts';
import { readInputs } from '../../scripts/upload-inputs.ts';
import { missing } from '../parts.ts';

const OURS = 'configs/evaluate.yaml';
const ONE_MODEL: GivenEvaluation = { models: { m: 'THUDM/m' }, predictions: {} };
const ROW = { prompt: 'Write 300 words of tea.', type: 'Community Forum', length: 300 };
const SCORES = { relevance: 5, accuracy: 5, coherence: 4, clarity: 4, breadthAndDepth: 3, readingExperience: 3 };
const lines = (...rows: unknown[]): string =>
  rows.map((row) => `${typeof row === 'string' ? row : JSON.stringify(row)}\n`).join('');

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'longwriter-evaluate-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** What `longwriter evaluate` makes of a configuration and a benchmark. */
async function read(
  content: string,
  overrides: string[] = [],
  { config = OURS, alone = ONE_MODEL }: { config?: string; alone?: GivenEvaluation } = {},
) {
  const file = join(folder, 'bench.jsonl');
  await writeFile(file, content);
  const loaded = await loadEvaluation(config, [`evaluation.benchmark=${file}`, ...overrides], alone);
  return readInputs(loaded, config, EVALUATION_FIELDS);
}

async function refusal(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ConfigError);
  expect((error as Error).message).not.toContain('\n');
  return (error as Error).message.replaceAll(folder, '.');
}

describe('the configuration of an evaluation alone', () => {
  test('is by default judged and asked as in the paper, and holds nothing of this machine', async () => {
    const { config, inputs } = await read(lines(ROW));
    const paper = await loadConfig('configs/longwriter-6k.yaml');
    expect(config.judge).toEqual(paper.judge);
    expect(config.endpoints.judge).toEqual(paper.endpoints.judge);
    expect(config.evaluation).toMatchObject({
      benchmark: `inputs/${sha256Hex(lines(ROW))}`,
      name: 'bench.jsonl',
      sampling: { temperature: 0.5, maxTokens: 32768 },
    });
    expect(inputs).toHaveLength(1);
    expect(JSON.stringify(config)).not.toContain(process.cwd());
  });

  test('is the same whatever the file says of other stages', async () => {
    const plain = join(folder, 'plain.yaml');
    const judge = 'endpoints: { judge: { model: j, baseUrl: http://j/v1 } }\n';
    await writeFile(plain, judge);
    const more = join(folder, 'more.yaml');
    await writeFile(more, `${judge}filter: { minWords: 7 }\ntraining: { baseModel: n }\ngeneration: { maxDraws: 9 }\n`);
    const [a, b] = [await read(lines(ROW), [], { config: plain }), await read(lines(ROW), [], { config: more })];
    expect(a.config).toEqual(b.config);
  });

  test('may be made of a run’s whole configuration', async () => {
    const whole = await loadConfig('configs/quickstart.yaml');
    const config = evaluationAlone(whole, { models: { dpo: 'store:f' }, predictions: {} }, 'demo');
    expect(config.evaluation).toMatchObject({
      benchmark: whole.evaluation.benchmark,
      alone: { models: { dpo: 'store:f' } },
    });
    expect([config.serving, config.judge]).toEqual([whole.serving, whole.judge]);
    expect(config.instructions.sources).toEqual([]);
  });

  test.each([
    'filter.minWords=3',
    'training.baseModel=m',
    'endpoints.writer.model=w',
    'evaluation.alone={}',
    'seeds=3',
  ])('refuses --set %s', async (change) => {
    expect(await refusal(read(lines(ROW), [change]))).toContain(`--set ${change}: an evaluation alone reads`);
  });

  test.each([
    [['judge.sampling.temperatur=0'], 'did you mean "temperature"?'],
    [['evaluation.endpoints={ m: { model: m, baseUrl: "http://m/v1" } }'], 'two models are called m'],
    [
      ['evaluation.endpoints={ a: { model: x, baseUrl: "http://a/v1" }, b: { model: x, baseUrl: "http://b/v1" } }'],
      'evaluation.endpoints.b: is openai/x, as a is: they would share their answers; give one of them another provider',
    ],
    [
      ['budget={ dollars: 1 }', 'evaluation.endpoints={ a: { model: x, baseUrl: "http://a/v1" } }'],
      'a budget in dollars needs the price of openai/x',
    ],
    [
      ['evaluation.judgements=0', 'evaluation.positionWords=500'],
      'evaluation.judgements: a schedule, a calibration and positionWords need 1 or more',
    ],
  ])('refuses %j', async (overrides, message) => {
    expect(await refusal(read(lines(ROW), overrides))).toContain(message);
  });

  test('with a budget in dollars needs no price of a judge that is not asked', async () => {
    const judge = ['budget={ dollars: 1 }', 'endpoints.judge.model=unpriced'];
    expect(await refusal(read(lines(ROW), judge))).toContain('needs the price of');
    const { config } = await read(lines(ROW), [...judge, 'evaluation.judgements=0']);
    expect(config.evaluation.judgements).toBe(0);
  });

  test('with a budget in dollars needs no price of a writer that is not asked', async () => {
    const { config } = await read(lines(ROW), ['budget={ dollars: 1 }']);
    expect(config.budget).toEqual({ dollars: 1 });
  });

  test('changed, makes its two stages stale', async () => {
    const { config } = await read(lines(ROW));
    const { config: other } = await read(lines(ROW), ['judge.maxDraws=2']);
    expect(staleStages(config, other)).toEqual(['evaluate', 'report']);
    expect(staleStages(config, config)).toEqual([]);
  });
});

describe('a benchmark', () => {
  test.each([
    [
      lines(ROW, { prompt: 'p', type: 't' }),
      'bench.jsonl:2: length: expected the words required, a whole number above 0',
    ],
    [lines({ ...ROW, length: 0 }), 'bench.jsonl:1: length: expected the words required'],
    [lines({ ...ROW, length: 'about 500' }), 'bench.jsonl:1: length: expected the words required'],
    [lines({ ...ROW, length: 2.5 }), 'bench.jsonl:1: length: expected the words required'],
    [lines({ ...ROW, prompt: ' ' }), 'bench.jsonl:1: prompt: is empty'],
    [lines({ prompt: 'p', length: 5 }), 'bench.jsonl:1: type: expected a text'],
    [lines(ROW, { ...ROW, prompt: 'q' }, ROW), 'bench.jsonl:3: prompt: stands in line 1, too'],
    [lines(ROW, '{"prompt'), 'bench.jsonl:2: not valid JSON'],
    ['\n', 'bench.jsonl: has no rows'],
  ])('of %j is refused in one line', async (content, message) => {
    expect(await refusal(read(content))).toContain(message);
  });

  test('may have fields that nobody knows, and types in any language', async () => {
    const content = lines({ ...ROW, id: 7 }, { prompt: '写一篇1000字的中国旅游指南', type: '社区论坛', length: 1000 });
    expect((await read(content)).inputs).toHaveLength(1);
  });

  test.skipIf(missing('longbench-write')).each(['longbench_write', 'longbench_write_en', 'longwrite_ruler'])(
    'as published is taken as it is: %s',
    async (name) => {
      const content = await readFile(join(PROJECT, `../shared/data/longbench-write/${name}.jsonl`), 'utf8');
      expect((await read(content)).config.evaluation.benchmark).toBe(`inputs/${sha256Hex(content)}`);
    },
  );

  test('that is another one than was meant is refused with both hashes', async () => {
    const meant = sha256Hex('another');
    const message = await refusal(read(lines(ROW), [`evaluation.sha256=${meant}`]));
    expect(message).toContain(`./bench.jsonl: its SHA-256 is ${sha256Hex(lines(ROW))}, and not ${meant}`);
    const { config } = await read(lines(ROW), [`evaluation.sha256=${sha256Hex(lines(ROW))}`]);
    expect(config.evaluation.sha256).toBe(sha256Hex(lines(ROW)));
  });
});

describe('a benchmark of the web', () => {
  let server: Server;
  let address: string;
  beforeEach(async () => {
    server = createServer(({ url }, response) => {
      if (url === '/moved') response.writeHead(302, { location: '/set/bench.jsonl' }).end();
      else if (url === '/set/bench.jsonl') response.end(lines(ROW));
      else if (url === '/slow') response.writeHead(200).write('{');
      else response.writeHead(404).end();
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const readUrl = async (url: string) =>
    readInputs(
      await loadEvaluation(OURS, [`evaluation.benchmark=${url}`], { models: { m: 'm' }, predictions: {} }),
      OURS,
      EVALUATION_FIELDS,
    );

  test('is fetched, redirects followed, and known by what is in it', async () => {
    const { config, inputs } = await readUrl(`${address}/moved`);
    expect(config.evaluation).toMatchObject({ benchmark: `inputs/${sha256Hex(lines(ROW))}`, name: 'moved' });
    expect(inputs).toEqual([{ key: config.evaluation.benchmark, file: `${address}/moved` }]);
  });

  test('that cannot be had is told in one line', async () => {
    expect(await refusal(readUrl(`${address}/none`))).toContain(
      `evaluation.benchmark: ${address}/none cannot be read (HTTP 404)`,
    );
    expect(await refusal(readUrl('http://127.0.0.1:1/x'))).toMatch(/127\.0\.0\.1:1\/x cannot be read \(\w/);
    const slow = fetchFile(`${address}/slow`, join(folder, 'slow'), 300);
    expect(await refusal(slow)).toContain('/slow cannot be read (no whole answer within 0.3 s)');
  });
});

describe('answers that are there already', () => {
  const alone = async (content: string): Promise<GivenEvaluation> => {
    await writeFile(join(folder, 'pred.jsonl'), content);
    return { models: {}, predictions: { old: join(folder, 'pred.jsonl') } };
  };
  const answer = { ...ROW, response_length: 3, response: 'Tea is old.' };

  test('are read from pred.jsonl and judge.jsonl, with the aggregate at its end', async () => {
    const released = {
      Relevance: 5,
      Accuracy: '4',
      Coherence: 4,
      Clarity: 4,
      'Breadth and Depth': 3,
      'Reading Experience': 3,
    };
    const aggregate = { ...released, Relevance: 92.5, Accuracy: 80, total: 81.2 };
    const content = lines({ ...answer, scores: { Analysis: 'Good.', ...released } }, aggregate);
    const { config } = await read(lines(ROW), [], { alone: await alone(content) });
    expect(config.evaluation.alone?.predictions).toEqual({ old: `inputs/${sha256Hex(content)}` });
  });

  test.each([
    [lines(answer, ROW), 'pred.jsonl:2: response: expected a text'],
    [lines({ ...answer, response: null }), 'pred.jsonl:1: response: expected a text'],
    [lines({ ...answer, length: undefined }), 'pred.jsonl:1: length: expected the words required'],
    [
      lines({ ...answer, scores: { ...SCORES, clarity: '4/5' } }),
      'pred.jsonl:1: scores.clarity: expected a number from 1 to 5',
    ],
    [
      lines({ ...answer, scores: { ...SCORES, clarity: 6 } }),
      'pred.jsonl:1: scores.clarity: expected a number from 1 to 5',
    ],
    [lines({ ...answer, scores: { relevance: 5 } }), 'pred.jsonl:1: scores.accuracy: expected a number from 1 to 5'],
    [lines({ ...SCORES, total: 3 }), 'pred.jsonl: has no answers'],
  ])('of %j are refused in one line', async (content, message) => {
    expect(await refusal(read(lines(ROW), [], { alone: await alone(content) }))).toContain(message);
  });

  test('for a calibration have scores', async () => {
    const file = join(folder, 'frozen.jsonl');
    await writeFile(file, lines({ ...answer, scores: SCORES }, answer));
    const message = await refusal(read(lines(ROW), [`evaluation.calibration=${file}`]));
    expect(message).toContain('frozen.jsonl:2: scores: there are none');
  });
});

describe('the models that were typed', () => {
  const NONE = { model: [], endpoint: [], endpointKeyEnv: [], predictions: [] };

  test('have the names that they were given, or those of their places', () => {
    expect(
      readModels({
        model: ['THUDM/LongWriter-glm4-9b', 'demo:sft', 'mine=/models/x/'],
        endpoint: ['openai/gpt-4o@https://a.example/v1', 'local=m@http://127.0.0.1:8000/v1', 'e@embedded'],
        endpointKeyEnv: ['ALL_KEY', 'local=LOCAL_KEY'],
        predictions: ['out/pred.jsonl'],
      }),
    ).toEqual({
      models: { 'longwriter-glm4-9b': 'THUDM/LongWriter-glm4-9b', 'demo-sft': 'demo:sft', mine: '/models/x/' },
      endpoints: {
        'gpt-4o': {
          provider: 'a.example',
          model: 'openai/gpt-4o',
          baseUrl: 'https://a.example/v1',
          apiKeyEnv: 'ALL_KEY',
        },
        local: { provider: '127.0.0.1:8000', model: 'm', baseUrl: 'http://127.0.0.1:8000/v1', apiKeyEnv: 'LOCAL_KEY' },
        e: { provider: 'embedded', model: 'e', baseUrl: 'embedded', apiKeyEnv: 'ALL_KEY' },
      },
      predictions: { pred: 'out/pred.jsonl' },
    });
  });

  test.each([
    [{}, 'nothing to evaluate'],
    [{ endpoint: ['http://127.0.0.1/v1'] }, '--endpoint http://127.0.0.1/v1: expected MODEL@URL'],
    [{ endpoint: ['m@http://'] }, '--endpoint m@http://: expected MODEL@URL'],
    [{ model: ['a/x', 'b/x'] }, 'two models are called x'],
    [{ model: ['/模型'] }, '--model /模型: no name can be made of it; write NAME=…'],
    [{ endpoint: ['m@http://a/v1'], endpointKeyEnv: ['n=K'] }, '--endpoint-key-env n=…: no --endpoint has that name'],
  ])('%j are refused', (typed, message) => {
    expect(() => readModels({ ...NONE, ...typed })).toThrow(message);
  });
});
