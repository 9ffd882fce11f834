import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Context } from '@temporalio/activity';
import { ScheduleOverlapPolicy, type ScheduleHandle } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { failure } from '../../activities/failures.ts';
import { createPipelineActivities } from '../../activities/index.ts';
import type { FindUnfinishedInput } from '../../activities/find-unfinished.ts';
import { readFirings } from '../../activities/io/store/firings.ts';
import { jsonBytes, jsonLinesBytes, readText } from '../../activities/io/store/json.ts';
import { loadConfig } from '../../configs/load.ts';
import type { SampleCompletionsInput } from '../../activities/work-on-completions.ts';
import { configKey, historyKey, reportKey } from '../../domain/keys.ts';
import { PIPELINE_QUEUE } from '../../domain/names.ts';
import type { reevaluate } from '../../workflows/reevaluate.ts';
import { missing } from '../parts.ts';
import { activityDeps } from '../unit/activity-deps.ts';
import { evaluated } from '../unit/report-sample.ts';
import { newRun, startTestPipeline, type TestPipeline } from './environment.ts';
import { goodActivities } from './fakes.ts';

const GOOD = [200, 800, 100, 1200, 400, 500, 300, 1000];
const SHORT = GOOD.map((words) => Math.round(words / 4));

/** Waits for a node that never comes, and beats as an activity does. */
async function serveNothing(): Promise<void> {
  const context = Context.current();
  const beat = setInterval(() => context.heartbeat(), 200);
  await context.cancelled.finally(() => clearInterval(beat));
}

describe.skipIf(missing('services'))('reevaluate', () => {
  let pipeline: TestPipeline;
  let home: string;
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'longwriter-reevaluate-'));
    pipeline = await startTestPipeline();
  });
  afterAll(async () => {
    await pipeline.close();
    await rm(home, { recursive: true, force: true });
  });

  /** A run with fakes for its evaluation, whose words a test sets, and the real activities that keep a firing. */
  async function scheduled(firing: object = {}, overrides: readonly string[] = []) {
    const run = newRun();
    const alone = `evaluation.alone=${JSON.stringify({ models: { mine: 'm' }, firing })}`;
    const deps = await activityDeps(await mkdtemp(join(home, 'firing-')), undefined as never);
    const config = await loadConfig('configs/quickstart.yaml', [alone, ...overrides]);
    await deps.store.putView(configKey(run), jsonBytes(config));
    const real = createPipelineActivities(deps);
    const { activities } = goodActivities([]);
    const fresh: (string | undefined)[][] = [];
    const state = { words: GOOD, fails: false, folders: 0 };
    const all = {
      ...activities,
      ...{ openRun: real.openRun, recordStage: real.recordStage, recordFiring: real.recordFiring },
      ...{ pauseSchedule: real.pauseSchedule, sendWebhook: real.sendWebhook },
      findUnfinished: (input: FindUnfinishedInput) => {
        if ('fresh' in input.work) fresh.push([input.work.kind, input.work.fresh]);
        else fresh.push([input.work.kind, undefined]);
        return activities.findUnfinished(input);
      },
      sampleCompletions: async (input: SampleCompletionsInput) => {
        if (state.fails) throw failure('Model.QuotaSpent', 'the quota is spent');
        return activities.sampleCompletions(input);
      },
      scoreEvaluation: async () => {
        const folder = `evaluation-${state.folders++}`;
        await deps.store.putView(`${folder}/prompts.jsonl`, jsonLinesBytes([]));
        await deps.store.putView(`${folder}/scores.json`, jsonBytes(evaluated('mine', state.words)));
        return activities.scoreEvaluation({ folder });
      },
      publishReport: async () => {
        await deps.store.putView(reportKey(run), jsonBytes('the report'));
        return activities.publishReport();
      },
    };
    const start = () =>
      pipeline.environment.client.workflow.start<typeof reevaluate>('reevaluate', {
        taskQueue: PIPELINE_QUEUE,
        workflowId: `${run}.firing`,
        args: [{ run, revision: 1, config, schedule: run, attributes: false }],
      });
    const fire = async () => (await start()).result();
    return { run, config, store: deps.store, activities: all, state, fresh, fire };
  }

  test('completes as regressed when a score fell by more than its interval, and keeps record, report and history', async () => {
    const { run, store, activities, state, fire, fresh } = await scheduled();
    await pipeline.withActivities(activities, async () => {
      expect(await fire()).toMatchObject({ outcome: 'steady' });
      expect(await fire()).toMatchObject({ outcome: 'steady', message: expect.stringContaining('no score fell') });
      state.words = SHORT;
      const { outcome, message, scheduledAt } = await fire();
      expect([outcome, message]).toEqual(['regressed', expect.stringMatching(/S_l of mine by \d+\.\d points/)]);
      expect(fresh.slice(-2)).toEqual([
        ['completions', scheduledAt],
        ['judgements', scheduledAt],
      ]);
    });
    const firings = await readFirings(store, run);
    expect(firings.map(({ outcome }) => outcome)).toEqual(['steady', 'steady', 'regressed']);
    expect(await readText(store, firings[2]!.report!)).toContain('the report');
    const history = await readText(store, historyKey(run));
    expect(history).toContain('regressed');
    expect(history).not.toContain('<script');
  });

  test('asks only the judge anew where the schedule says so', async () => {
    const { activities, fire, fresh } = await scheduled({ judgeOnly: true });
    await pipeline.withActivities(activities, async () => {
      const { scheduledAt } = await fire();
      expect(fresh).toEqual([
        ['completions', undefined],
        ['judgements', scheduledAt],
      ]);
    });
  });

  test('fails instead of pausing, since nobody watches, and pauses the schedule after as many failures as it may have', async () => {
    const { run, store, activities, state, config } = await scheduled({ maxFailures: 2 });
    const { client } = pipeline.environment;
    const handle = await client.schedule.create({
      scheduleId: run,
      spec: { intervals: [{ every: '1 day' }] },
      policies: { overlap: 'SKIP' },
      action: {
        type: 'startWorkflow',
        workflowType: 'reevaluate',
        workflowId: `${run}.firing`,
        taskQueue: PIPELINE_QUEUE,
        args: [{ run, revision: 1, config, schedule: run, attributes: false }],
      },
    });
    state.fails = true;
    try {
      await pipeline.withActivities(activities, async () => {
        await triggered(handle);
        expect((await handle.describe()).state.paused).toBe(false);
        await triggered(handle);
      });
      const { state: ended } = await handle.describe();
      expect(ended.paused).toBe(true);
      // Nothing that an endpoint said: no codec seals a schedule's note.
      expect(ended.note).toBe('paused after 2 failed firings in a row; the last: Model.QuotaSpent, told in its memo');
      const firing = (await handle.describe()).info.recentActions.at(-1)!.action.workflow;
      const { memo } = await client.workflow.getHandle(firing.workflowId, firing.firstExecutionRunId).describe();
      expect(memo).toMatchObject({ outcome: 'failed', message: expect.stringContaining('the quota is spent') });
    } finally {
      await handle.delete();
    }
    expect((await readFirings(store, run)).map(({ outcome }) => outcome)).toEqual(['failed', 'failed']);
  });

  /** Triggers a schedule, and waits until that firing has ended. */
  async function triggered(handle: ScheduleHandle): Promise<void> {
    const before = (await handle.describe()).info.recentActions.length;
    await handle.trigger(ScheduleOverlapPolicy.SKIP);
    await expect
      .poll(async () => (await handle.describe()).info.recentActions.slice(before), { timeout: 10_000 })
      .toHaveLength(1);
    const { workflow } = (await handle.describe()).info.recentActions.at(-1)!.action;
    await pipeline.environment.client.workflow
      .getHandle(workflow.workflowId)
      .result()
      .catch(() => undefined);
    // Ids are made of whole seconds; two firings in one would be the same.
    await sleep(1100);
  }

  test('fails with Serving.WaitExceeded where no node serves the model in time', async () => {
    const { activities, fire } = await scheduled({}, ['evaluation.waitLimitMinutes=0.02']);
    const never = { ...activities, serveModel: () => serveNothing() };
    await pipeline.withActivities(never, async () => {
      await expect(fire()).rejects.toMatchObject({
        cause: { type: 'Serving.WaitExceeded', message: expect.stringContaining('0.02 minutes') },
      });
    });
  });

  test('tells a signed webhook of a failure, again where its server fails, and says so where it refuses', async () => {
    const received: { body: string; signature: unknown }[] = [];
    const answers = [500, 204, 403];
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (part) => (body += part));
      request.on('end', () => {
        received.push({ body, signature: request.headers['x-longwriter-signature'] });
        response.writeHead(answers[received.length - 1] ?? 500).end();
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
    const { activities, state, fire } = await scheduled({ webhook: { url, secretEnv: 'HOOK' } });
    try {
      await pipeline.withActivities(activities, async () => {
        expect(await fire()).not.toHaveProperty('webhook');
        state.words = SHORT;
        expect(await fire()).toMatchObject({ outcome: 'regressed', webhook: 'sent' });
        state.words = GOOD;
        expect(await fire()).not.toHaveProperty('webhook');
        state.words = SHORT;
        expect(await fire()).toMatchObject({ webhook: expect.stringMatching(/^not sent: .* answers 403$/) });
      });
    } finally {
      server.close();
    }
    expect(received).toHaveLength(3);
    expect(received[1]!.body).toBe(received[0]!.body);
    const [{ body, signature }] = received as [(typeof received)[0]];
    expect(JSON.parse(body)).toMatchObject({ outcome: 'regressed', models: [{ model: 'mine' }] });
    expect(signature).toBe(`sha256=${createHmac('sha256', 'k').update(body).digest('hex')}`);
  });
});
