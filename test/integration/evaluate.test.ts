import { execFile } from 'node:child_process';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { findJson } from '../../activities/io/store/json.ts';
import { fileStore } from '../../activities/io/store/file.ts';
import type { EvaluatedModels } from '../../activities/stage-outcomes.ts';
import { PROJECT, readEnvironment } from '../../configs/env.ts';
import { stageKey } from '../../domain/keys.ts';
import { EvaluationScores } from '../../domain/schemas/evaluation.ts';
import { StageRecord } from '../../domain/schemas/run.ts';
import type { RunProgress } from '../../domain/progress.ts';
import { serviceProgram } from '../../scripts/embedded/paths.ts';
import { startWorkers, type RunningWorkers } from '../../workers/run-worker.ts';
import { missing } from '../parts.ts';

const SCORES = { relevance: 5, accuracy: 4, coherence: 4, clarity: 5, breadthAndDepth: 3, readingExperience: 3 };
const BASE = join(PROJECT, '.longwriter/models/smollm2-135m-instruct');
const KEY = 'endpoint-key-51c2';

interface Asked {
  readonly model: string;
  readonly question: string;
}

describe.skipIf(missing('services'))('longwriter evaluate', () => {
  let home: string;
  let temporal: TestWorkflowEnvironment;
  let workers: RunningWorkers;
  let server: Server;
  let url: string;
  let benchmark: string;
  /** What was answered, in order. */
  let asked: Asked[];
  /** Answers of models other than the judge after which the endpoint is gone. */
  let goneAfter: number;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'longwriter-evaluate-'));
    temporal = await TestWorkflowEnvironment.createLocal({
      server: { executable: { type: 'existing-path', path: serviceProgram(PROJECT, 'temporal') } },
    });
    const environment = {
      ...readEnvironment({ LONGWRITER_HOME: home }),
      temporalAddress: temporal.address,
      secret: (name: string) => (name === 'THE_KEY' ? KEY : undefined),
    };
    workers = await startWorkers(environment, ['pipeline', 'llm', 'gpu']);
    server = createServer((request, response) => void answer(request, response));
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
    benchmark = join(home, 'bench.jsonl');
    const rows = [1, 2, 3, 4].map((n) => ({ prompt: `Write ${n}00 words.`, type: '社区论坛', length: n * 100, id: n }));
    await writeFile(benchmark, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  });
  afterAll(async () => {
    await workers?.stop();
    await temporal?.teardown();
    server?.closeAllConnections();
    server?.close();
    await rm(home, { recursive: true, force: true });
  });
  beforeEach(() => {
    asked = [];
    goneAfter = Infinity;
  });

  /** Different questions among those that were answered: as many as answers, where nothing was paid for twice. */
  const questions = () => new Set(asked.map((one) => JSON.stringify(one))).size;

  /** Judges, or writes a hundred words; other models than the judge want the key. */
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = JSON.parse(await text(request)) as { model: string; messages: { content: string }[]; seed: number };
    const isJudge = body.model === 'j';
    if (!isJudge && asked.filter(({ model }) => model !== 'j').length >= goneAfter)
      return void request.socket.destroy();
    if (!isJudge && request.headers.authorization !== `Bearer ${KEY}`) return void response.writeHead(401).end();
    asked.push({ model: body.model, question: `${body.seed} ${body.messages.at(-1)!.content}` });
    const content = isJudge ? JSON.stringify(SCORES) : `${'tea '.repeat(body.model === 'b' ? 200 : 100)}${body.seed}`;
    const choices = [{ index: 0, delta: { content }, finish_reason: 'stop' }];
    const usage = { prompt_tokens: 10, completion_tokens: 100, total_tokens: 110 };
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(`data: ${JSON.stringify({ id: 'c', choices, usage })}\n\ndata: [DONE]\n\n`);
  }

  function longwriter(...args: string[]): Promise<{ code: number; out: string; err: string }> {
    const env = { ...process.env, LONGWRITER_HOME: home, TEMPORAL_ADDRESS: temporal.address };
    return new Promise((done) => {
      const command = ['--import', 'tsx', 'scripts/longwriter.ts', ...args];
      execFile(process.execPath, command, { cwd: PROJECT, env }, (error, out, err) => {
        done({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, out, err });
      });
    });
  }

  const evaluate = (...more: string[]) =>
    longwriter('evaluate', '--benchmark', benchmark, '--judge-url', url, '--judge-model', 'j', ...more);

  const endpoint = (named: string) => ['--endpoint', `${named}@${url}`, '--endpoint-key-env', 'THE_KEY'];

  /** The scores that a finished run left, by model. */
  async function scoresOf(run: string): Promise<Record<string, EvaluationScores>> {
    const store = fileStore(join(home, 'store'));
    const { outcome } = (await findJson(store, stageKey(run, 'evaluate'), StageRecord))!;
    const found: Record<string, EvaluationScores> = {};
    for (const { model, folder } of (outcome as EvaluatedModels).models)
      found[model] = (await findJson(store, `${folder}/scores.json`, EvaluationScores))!;
    return found;
  }

  test('measures several endpoints at once; asked again, it costs nothing', async () => {
    const args = [...endpoint('one=a'), ...endpoint('two=b'), '--completions', '2', '--judgements', '2'];
    const ended = await evaluate(...args, '--watch');
    expect(ended.code, ended.err + ended.out).toBe(0);
    const run = /run (evaluate-[0-9a-f]{8}) started/.exec(ended.out)?.[1] ?? '';
    expect(asked.filter(({ model }) => model === 'a')).toHaveLength(8);
    expect(asked.filter(({ model }) => model === 'j')).toHaveLength(32);
    const { one, two } = await scoresOf(run);
    expect(one!.points.map(({ required, written }) => [required, written])).toEqual(
      [100, 100, 200, 200, 300, 300, 400, 400].map((required) => [required, 100]),
    );
    expect([one!.identity, one!.overall.qualityScore.mean, one!.overall.unscored]).toEqual([
      `${new URL(url).host}/a`,
      75,
      0,
    ]);
    expect(two!.overall.words.mean).toBe(200);
    expect(existsSync(join(home, 'store/runs', run, 'report.html'))).toBe(true);
    const secrets = await readFile(join(home, 'store/runs', run, 'config.json'), 'utf8');
    expect(secrets).not.toContain(KEY);

    const before = asked.length;
    const again = await evaluate(...args);
    expect([again.code, again.out]).toEqual([0, `run ${run} is finished; longwriter status ${run} shows it\n`]);
    const elsewhere = await evaluate(...args, '--run', 'elsewhere', '--watch');
    expect(elsewhere.code, elsewhere.err).toBe(0);
    expect([asked.length, questions()]).toEqual([before, before]);
    const other = await evaluate(...endpoint('one=a'), '--run', 'elsewhere');
    expect([other.code, other.err]).toEqual([2, expect.stringContaining('run elsewhere has another configuration')]);
  }, 120_000);

  test('pauses where an endpoint disappears half-way, and a resume asks for the missing ones only', async () => {
    goneAfter = 2;
    const gone = ['--set', 'evaluation.endpoints.gone.limits={ inFlight: 1, goneAfterSeconds: 1 }'];
    const started = await evaluate(...endpoint('gone=c'), ...gone, '--run', 'half');
    expect(started.code, started.err).toBe(0);
    const look = async () => JSON.parse((await longwriter('status', 'half', '--json')).out) as RunProgress;
    let progress = await look();
    while (progress.state !== 'paused') progress = await look();
    expect(progress.message).toMatch(/^Model\.Gone: endpoint 127\.0\.0\.1:\d+\/c: http.* for more than 1 s$/);
    expect(asked.filter(({ model }) => model === 'c')).toHaveLength(2);

    goneAfter = Infinity;
    const resumed = await longwriter('resume', 'half');
    expect(resumed.code, resumed.err).toBe(0);
    const watched = await longwriter('status', 'half', '--watch');
    expect(watched.code, watched.out).toBe(0);
    expect(asked.filter(({ model }) => model === 'c')).toHaveLength(4);
    expect(questions()).toBe(asked.length);
    const { gone: scores } = await scoresOf('half');
    expect(scores!.overall).toMatchObject({ completions: 4, unscored: 0 });
    const wrong = await longwriter('resume', 'half', '--from', 'sft');
    expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('it walks evaluate, report only')]);
  }, 120_000);

  test.skipIf(missing('trainer') || missing('base-model'))(
    'serves a folder by the serving of a configuration, whose other parts do not count',
    async () => {
      const model = join(home, 'small');
      const python = join(PROJECT, '.longwriter/python/trainer/bin/python');
      await promisify(execFile)(python, [join(PROJECT, 'test/fixtures/small-model.py'), BASE, model]);
      const config = ['--config', join(PROJECT, 'test/e2e/tiny.yaml'), '--set', 'evaluation.sampling.maxTokens=20'];
      const ended = await evaluate(
        ...config,
        '--model',
        model,
        '--limit',
        '2',
        '--judgements',
        '1',
        '--run',
        'served',
        '--watch',
      );
      expect(ended.code, ended.err + ended.out).toBe(0);
      expect(asked.map((one) => one.model)).toEqual(['j', 'j']);
      const { small } = await scoresOf('served');
      expect(small!.identity).toMatch(/^[0-9a-f]{64}$/);
      expect(small!.overall).toMatchObject({ completions: 2, unscored: 0 });
      const unknown = await evaluate(...config, '--model', 'served:dpo', '--run', 'none');
      expect([unknown.code, unknown.err]).toEqual([4, expect.stringContaining('run served has no finished dpo')]);
      expect(existsSync(join(home, 'store/runs/none'))).toBe(false);
    },
    200_000,
  );

  test('takes answers and scores that are there already, and asks nobody', async () => {
    const row = { prompt: 'Write 100 words.', type: 'News', length: 100, response_length: 1 };
    const released = {
      Relevance: 5,
      Accuracy: 4,
      Coherence: 4,
      Clarity: 5,
      'Breadth and Depth': 3,
      'Reading Experience': 3,
    };
    const rows = [
      { ...row, response: 'tea '.repeat(50), scores: { Analysis: 'Fine.', ...released } },
      { ...row, response: 'tea '.repeat(100), scores: released },
      { ...row, prompt: 'Write 200 words.', length: 200, response: '', scores: null },
      { ...released, total: 75 },
    ];
    const file = join(home, 'judge.jsonl');
    await writeFile(file, rows.map((one) => `${JSON.stringify(one)}\n`).join(''));
    const ended = await evaluate(
      '--predictions',
      `old=${file}`,
      '--judgements',
      '3',
      '--run',
      'old',
      '--watch',
      '--json',
    );
    expect(ended.code, ended.err + ended.out).toBe(0);
    expect(asked).toEqual([]);
    const { old } = await scoresOf('old');
    expect(old!.points.map(({ written, lengthScore, qualityScore }) => [written, lengthScore, qualityScore])).toEqual([
      [50, 50, 75],
      [100, 100, 75],
      [0, 0, null],
    ]);
    expect(old!.overall).toMatchObject({ prompts: 2, completions: 3, unscored: 1, finishReasons: { imported: 3 } });
  }, 60_000);

  test('measures lengths alone where no judgement is asked for, and calls nobody a judge', async () => {
    const args = [...endpoint('one=d'), '--judgements', '0', '--run', 'lengths'];
    const ended = await evaluate(...args, '--watch');
    expect(ended.code, ended.err + ended.out).toBe(0);
    expect(asked.map(({ model }) => model)).toEqual(['d', 'd', 'd', 'd']);
    const { one } = await scoresOf('lengths');
    expect(one!.overall).toMatchObject({ lengthScore: { n: 4 }, qualityScore: { mean: null, n: 0 }, unscored: 0 });
    expect(ended.out).toMatch(/model +S_l +words +completions\n/);
    expect(ended.out).toContain('judge: none was asked');
    const page = await readFile(join(home, 'store/runs/lengths/report.html'), 'utf8');
    expect(page).toContain('none was asked');
    expect(page).not.toMatch(/without a score|unscored/i);
  }, 60_000);

  test('has answers without scores judged', async () => {
    const rows = [1, 2].map((n) => ({
      prompt: `Write ${n}.`,
      type: 't',
      length: 100,
      response: 'tea '.repeat(90 + n),
    }));
    const file = join(home, 'pred.jsonl');
    await writeFile(
      file,
      [...rows, { ...rows[0], response: 'A second one.' }].map((one) => `${JSON.stringify(one)}\n`).join(''),
    );
    const ended = await evaluate('--predictions', file, '--judgements', '2', '--run', 'pred', '--watch');
    expect(ended.code, ended.err + ended.out).toBe(0);
    expect(asked.map(({ model }) => model)).toEqual(Array.from({ length: 6 }, () => 'j'));
    const { pred } = await scoresOf('pred');
    expect(pred!.overall).toMatchObject({ completions: 3, unscored: 0, qualityScore: { mean: 75, n: 3 } });
  }, 60_000);

  test('fails, in one line, where the judge gave no score at all', async () => {
    const judge = ['--judge-url', url, '--judge-model', 'mute', '--judge-key-env', 'THE_KEY'];
    const args = ['evaluate', '--benchmark', benchmark, '--limit', '1', ...endpoint('one=c'), ...judge];
    const { code, err } = await longwriter(...args, '--set', 'judge.maxDraws=1', '--watch');
    expect(code).toBe(1);
    expect(err.trimEnd().split('\n').at(-1)).toMatch(
      /^longwriter: run evaluate-\w+ scored nothing: of 1 completions of one 1 no scores$/,
    );
  });
});
