import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AskAllowanceInput } from '../../activities/ask-allowance.ts';
import { failure } from '../../activities/failures.ts';
import { loadConfig } from '../../configs/load.ts';
import { NO_SPENDING } from '../../domain/cost.ts';
import { PIPELINE_QUEUE } from '../../domain/names.ts';
import { pausedSignal, progressQuery, resumedSignal } from '../../workflows/messages.ts';
import type { runPipeline, RunPipelineInput } from '../../workflows/run-pipeline.ts';
import { missing } from '../parts.ts';
import { newRun, startTestPipeline, type TestPipeline } from './environment.ts';
import { gateOf, goodActivities, type GoodActivities } from './fakes.ts';

const WALK = [
  ...['select', 'plan', 'plan', 'dataset', 'sft from base on d', 'probe sft and base'],
  ...['up id-sft', 'complete', 'complete', 'down id-sft', 'judge', 'judge', 'pairs'],
  ...['dpo from sft on preferences-sft', 'probe dpo and sft'],
  ...['base', 'sft', 'dpo'].flatMap((name) => [
    ...[`up id-${name}`, 'complete', 'complete', `down id-${name}`, 'judge', 'judge'],
  ]),
  'report',
];

describe.skipIf(missing('services'))('runPipeline', () => {
  let pipeline: TestPipeline;
  beforeAll(async () => {
    pipeline = await startTestPipeline();
  });
  afterAll(() => pipeline.close());

  async function start(run: string, options: Partial<RunPipelineInput> = {}) {
    const config = await loadConfig('configs/quickstart.yaml');
    return pipeline.environment.client.workflow.start<typeof runPipeline>('runPipeline', {
      taskQueue: PIPELINE_QUEUE,
      workflowId: run,
      args: [{ run, revision: 1, config, ...options }],
    });
  }

  test('walks every stage in order, one served model at a time, and takes each down before the judging', async () => {
    const trace: string[] = [];
    const { activities, records } = goodActivities(trace);
    const outcome = await pipeline.withActivities(activities, async () => (await start(newRun())).result());
    expect(outcome).toEqual({ report: 'report.html', failed: 0 });
    expect(trace).toEqual(WALK);
    expect(records.map(({ stage }) => stage)).toEqual([
      ...['select', 'generate', 'dataset', 'sft', 'preferences', 'dpo', 'evaluate', 'report'],
    ]);
  });

  test('walks until a stage, and later from the next one, on what the first walk recorded', async () => {
    const trace: string[] = [];
    const { activities } = goodActivities(trace);
    await pipeline.withActivities(activities, async () => {
      const run = newRun();
      await (await start(run, { until: 'dataset' })).result();
      expect(trace).toEqual(WALK.slice(0, 4));
      trace.length = 0;
      await (await start(run, { from: 'sft' })).result();
    });
    expect(trace).toEqual(WALK.slice(4));
  });

  test('refuses to begin at a stage whose earlier stages were never walked', async () => {
    const { activities } = goodActivities([]);
    await pipeline.withActivities(activities, async () => {
      const handle = await start(newRun(), { from: 'sft' });
      await expect(handle.result()).rejects.toMatchObject({
        cause: { type: 'Stage.Missing', message: expect.stringContaining('select, generate, dataset') },
      });
    });
  });

  test('pauses before assembly when samples failed, and goes on with the missing ones after a resume', async () => {
    const trace: string[] = [];
    const { activities } = goodActivities(trace);
    let broken = true;
    const plan = activities.planSample;
    activities.planSample = async () => {
      if (broken) throw failure('Model.BadRequest', 'no');
      return plan();
    };
    await pipeline.withActivities(activities, async () => {
      const handle = await start(newRun(), { until: 'dataset' });
      await until(async () => (await handle.query(progressQuery)).state === 'paused');
      const { message, stages } = await handle.query(progressQuery);
      expect(stages.map(({ state }) => state)).toEqual([
        'done',
        'running',
        'waiting',
        ...Array<string>(5).fill('skipped'),
      ]);
      expect(message).toContain('Run.TooManyFailed: 2 of 2 samples failed (2 Model.BadRequest)');
      expect(trace).toEqual(['select']);
      broken = false;
      await handle.signal(resumedSignal);
      await handle.result();
    });
    expect(trace).toEqual(WALK.slice(0, 4));
  });

  test('a step of the run itself that pauses it shows it as paused, and goes on after a resume', async () => {
    const trace: string[] = [];
    const { activities } = goodActivities(trace);
    let full = true;
    const assemble = activities.assembleDataset;
    activities.assembleDataset = async () => {
      if (full) throw failure('Store.Forbidden', 'no room');
      return assemble();
    };
    await pipeline.withActivities(activities, async () => {
      const handle = await start(newRun(), { until: 'dataset' });
      await until(async () => (await handle.query(progressQuery)).state === 'paused');
      expect((await handle.query(progressQuery)).message).toBe('Store.Forbidden: no room');
      full = false;
      await handle.signal(resumedSignal);
      await handle.result();
    });
    expect(trace.at(-1)).toBe('dataset');
  });

  test('with acceptFailed goes on without the failed samples', async () => {
    const trace: string[] = [];
    const { activities } = goodActivities(trace);
    activities.planSample = async () => {
      throw failure('Model.BadRequest', 'no');
    };
    await pipeline.withActivities(activities, async () =>
      (await start(newRun(), { until: 'dataset', acceptFailed: true })).result(),
    );
    expect(trace).toEqual(['select', 'dataset']);
  });

  test('a paused run begins no stage until it is resumed', async () => {
    const trace: string[] = [];
    const run = newRun();
    const { activities } = goodActivities(trace);
    const select = activities.selectInstructions;
    activities.selectInstructions = async (input) => {
      await pipeline.environment.client.workflow
        .getHandle(run)
        .signal(pausedSignal, { type: 'requested', message: '' });
      return select(input);
    };
    await pipeline.withActivities(activities, async () => {
      const handle = await start(run, { until: 'dataset' });
      await until(async () => (await handle.query(progressQuery)).stages[0]?.state === 'done');
      const { state, stages } = await handle.query(progressQuery);
      expect([state, stages[1]?.state]).toEqual(['paused', 'waiting']);
      await handle.signal(resumedSignal);
      await handle.result();
    });
    expect(trace).toEqual(WALK.slice(0, 4));
  });

  test('a model server that ends is started again, and the stage goes on', async () => {
    const trace: string[] = [];
    const { activities } = goodActivities(trace);
    const serve = activities.serveModel;
    let failures = 0;
    activities.serveModel = async (input) => {
      if (failures++ === 0) throw failure('Serving.Failed', 'the model server ended');
      return serve(input);
    };
    await pipeline.withActivities(activities, async () => (await start(newRun(), { until: 'preferences' })).result());
    expect(trace).toEqual(WALK.slice(0, 13));
  });

  test('a model server that ends for the third time pauses the run, and is started again after that', async () => {
    const { activities } = goodActivities([]);
    const serve = activities.serveModel;
    const failures: number[] = [];
    activities.serveModel = async (input) => {
      failures.push(input.failures);
      if (failures.length <= 3) throw failure('Serving.Failed', 'the model server ended');
      return serve(input);
    };
    await pipeline.withActivities(activities, async () => {
      const handle = await start(newRun(), { until: 'preferences' });
      await until(async () => (await handle.query(progressQuery)).state === 'paused');
      expect(failures.slice(0, 3)).toEqual([0, 1, 2]);
      await handle.signal(resumedSignal);
      await handle.result();
    });
  });

  test('a model that cannot be served ends the run with the reason, also in the middle of completions', async () => {
    const { activities } = goodActivities([]);
    const serve = activities.serveModel;
    activities.serveModel = async (input) => {
      // It is up, and then its files turn out to be missing.
      const up = serve(input);
      up.catch(() => undefined);
      await new Promise((done) => setTimeout(done, 500));
      throw failure('Store.Missing', 'no such model');
    };
    activities.sampleCompletions = async () => {
      throw failure('Model.Unreachable', 'nobody there');
    };
    await pipeline.withActivities(activities, async () => {
      const handle = await start(newRun());
      await expect(handle.result()).rejects.toMatchObject({ cause: { cause: { cause: { type: 'Store.Missing' } } } });
      expect((await handle.query(progressQuery)).message).toBe('no such model');
    });
  });

  test('completions that failed fail the stage, with their types, instead of lowering an n', async () => {
    const { activities } = goodActivities([]);
    activities.sampleCompletions = async () => {
      throw failure('Model.BadRequest', 'the context is too short');
    };
    await pipeline.withActivities(activities, async () => {
      const handle = await start(newRun());
      await expect(handle.result()).rejects.toBeDefined();
      expect((await handle.query(progressQuery)).message).toMatch(/^2 Model.BadRequest of the completions/);
    });
  });

  describe('with a model that selects', () => {
    const modelConfig = () =>
      loadConfig('configs/quickstart.yaml', [
        'instructions.model={ endpoint: writer, maxDraws: 2 }',
        'generation.window=1',
      ]);
    const found: GoodActivities['findUnfinished'] = async ({ work, offset, count }) => ({
      items: Array.from({ length: count }, (_, index) => ({
        id: `${offset + index}${work.kind === 'selections' ? '-0' : ''}`,
      })),
      finished: { kept: 0, rejected: {}, words: 0, spending: NO_SPENDING },
    });

    test('every candidate is judged, again where it cannot be read, and what was taken is told', async () => {
      const { activities, records } = goodActivities([]);
      activities.findUnfinished = found;
      const asked: string[] = [];
      activities.judgeInstruction = async ({ item, draw, earlier, last, folder }) => {
        asked.push(`${folder} ${item} ${draw} ${earlier.length} ${last}`);
        if (item === '1-0' && draw === 0) return { ok: false, reason: 'broken JSON', call: 'f', spending: NO_SPENDING };
        return { ok: true, needsLongText: item !== '2-0', spending: NO_SPENDING };
      };
      await pipeline.withActivities(activities, async () => {
        const handle = await start(newRun(), { until: 'select', config: await modelConfig() });
        await handle.result();
        const { stages } = await handle.query(progressQuery);
        expect(stages[0]).toMatchObject({
          ...{ done: 3, total: 3, state: 'done' },
          detail: '2 of 4 instructions; left out: 1 bad-row',
        });
      });
      expect(asked).toEqual(['c 0-0 0 0 false', 'c 1-0 0 0 false', 'c 1-0 1 1 true', 'c 2-0 0 0 false']);
      expect(records[0]).toMatchObject({ stage: 'select', outcome: { selected: 2, read: 4, spending: NO_SPENDING } });
    });

    test('an endpoint that refuses its key pauses the run once, and after a resume the rest is asked', async () => {
      const trace: string[] = [];
      const { activities } = goodActivities(trace);
      activities.findUnfinished = found;
      let refuses = true;
      activities.judgeInstruction = async () => {
        if (refuses) throw failure('Model.Unauthorized', 'no such key');
        return { ok: true, needsLongText: true, spending: NO_SPENDING };
      };
      await pipeline.withActivities(activities, async () => {
        const handle = await start(newRun(), { until: 'select', config: await modelConfig() });
        await until(async () => (await handle.query(progressQuery)).state === 'paused');
        expect((await handle.query(progressQuery)).message).toBe('Model.Unauthorized: no such key');
        refuses = false;
        await handle.signal(resumedSignal);
        await handle.result();
      });
      expect(trace).toEqual(['select']);
    });

    test('candidates that failed fail the stage, with their types, and nothing is selected without them', async () => {
      const trace: string[] = [];
      const { activities } = goodActivities(trace);
      activities.findUnfinished = found;
      activities.judgeInstruction = async ({ item }) => {
        if (item === '1-0') throw failure('Model.BadRequest', 'no such parameter');
        return { ok: true, needsLongText: true, spending: NO_SPENDING };
      };
      await pipeline.withActivities(activities, async () => {
        const handle = await start(newRun(), { until: 'select', config: await modelConfig() });
        await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'Selection.Failed' } });
        expect((await handle.query(progressQuery)).message).toMatch(/^1 Model.BadRequest of 3 candidates/);
      });
      expect(trace).toEqual([]);
    });

    test('what the budget does not let begin is asked once there is room for it', async () => {
      const { activities } = goodActivities([]);
      activities.findUnfinished = async (input) => {
        const { items, finished } = await found(input);
        return { items: items.map((item) => ({ ...item, bound: 60 })), finished };
      };
      let judged = 0;
      activities.judgeInstruction = async () => (judged++, { ok: true, needsLongText: true, spending: NO_SPENDING });
      const allowances = [0, 1000];
      const left: number[] = [];
      const askAllowance = async (input: AskAllowanceInput) => (
        left.push(input.left),
        { allowance: allowances.shift()! }
      );
      await pipeline.withActivities({ ...activities, askAllowance }, async () => {
        const config = { ...(await modelConfig()), budget: { tokens: 1000 } };
        await (await start(newRun(), { until: 'select', config })).result();
      });
      expect([judged, left]).toEqual([3, [3, 3]]);
    });
  });

  describe('with a model that fails its gate', () => {
    /** Activities whose SFT model fails, with what they were asked. */
    function regressed() {
      const trace: string[] = [];
      const { activities, records } = goodActivities(trace);
      activities.probeModel = async ({ trained }) => (
        trace.push(`probe ${trained.name}`),
        gateOf(trained.name !== 'sft')
      );
      return { activities, records, trace };
    }
    const promotePassed = () => loadConfig('configs/quickstart.yaml', ['gates.model.promote=passed']);
    const promoteAlways = () => loadConfig('configs/quickstart.yaml', ['gates.model.promote=always']);

    test('ends the run with the numbers and a report, keeps the model, and walks no further', async () => {
      const { activities, records, trace } = regressed();
      const run = newRun();
      await pipeline.withActivities(activities, async () => {
        const handle = await start(run, { config: await promotePassed() });
        await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'Training.Regressed' } });
        const { state, message, stages } = await handle.query(progressQuery);
        expect(state).toBe('failed');
        expect(message).toBe(
          'the sft model fails the gate on 12 short prompts: mean S_l fell by 50.0, 10 allowed. It is kept in sft/model; ' +
            `to go on with it as it is: longwriter resume ${run} --config FILE --set gates.model.promote=always`,
        );
        expect(stages[3]).toMatchObject({ state: 'failed' });
        expect(stages[3]!.detail).toContain('fails the gate on 12 short prompts: mean S_l fell by 50.0, 10 allowed');
      });
      expect(trace.slice(-2)).toEqual(['probe sft', 'report']);
      expect(records.at(-1)).toMatchObject({ stage: 'sft', outcome: { folder: 'sft', gate: { passed: false } } });
    });

    test('is no base for a later stage either, until the configuration says so; nothing is trained for that', async () => {
      const { activities, trace } = regressed();
      const run = newRun();
      await pipeline.withActivities(activities, async () => {
        await (await start(run, { config: await promotePassed(), until: 'sft' })).result().catch(() => undefined);
        trace.length = 0;
        const again = await start(run, { config: await promotePassed(), from: 'preferences' });
        await expect(again.result()).rejects.toMatchObject({ cause: { type: 'Training.Regressed' } });
        expect(trace).toEqual(['report']);
        trace.length = 0;
        await (await start(run, { config: await promoteAlways(), from: 'preferences' })).result();
      });
      expect(trace).toEqual(WALK.slice(6).map((step) => step.replace('dpo and sft', 'dpo')));
    });

    test('is walked on with where the configuration promotes it', async () => {
      const { activities, records } = regressed();
      await pipeline.withActivities(activities, async () => {
        const handle = await start(newRun(), { config: await promoteAlways() });
        await handle.result();
        expect((await handle.query(progressQuery)).stages[3]!.detail).toContain('short prompts failed');
      });
      expect(records).toHaveLength(8);
    });
  });

  test('cancelled while a model is served, it ends as cancelled with the server down', async () => {
    const trace: string[] = [];
    const { activities } = goodActivities(trace);
    activities.sampleCompletions = async () => {
      trace.push('complete');
      throw failure('Model.ServerError', 'slow');
    };
    await pipeline.withActivities(activities, async () => {
      const handle = await start(newRun());
      await until(async () => trace.includes('complete'));
      await handle.cancel();
      await expect(handle.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } });
    });
    expect(trace.at(-1)).toBe('down id-sft');
  });
});

/** Waits until something holds; the test's own time-out is the limit. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((done) => setTimeout(done, 50));
}
