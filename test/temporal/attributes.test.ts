import { defineSearchAttributeKey } from '@temporalio/common';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadConfig } from '../../configs/load.ts';
import { childId, PIPELINE_QUEUE } from '../../domain/names.ts';
import { PROGRESS_SIGNAL } from '../../domain/progress.ts';
import { SEARCH_ATTRIBUTES } from '../../domain/search-attributes.ts';
import { newRun, startTestPipeline, type TestPipeline } from './environment.ts';
import { goodActivities } from './fakes.ts';

const NAMES = Object.entries(SEARCH_ATTRIBUTES).map(([name, type]) =>
  type === 'Int' ? defineSearchAttributeKey(name, 'INT') : defineSearchAttributeKey(name, 'KEYWORD'),
);
let pipeline: TestPipeline;
const run = newRun();
beforeAll(async () => {
  pipeline = await startTestPipeline();
  await walk(run, true);
});
afterAll(() => pipeline?.close());

/** Walks a whole run. */
async function walk(
  workflowId: string,
  attributes: boolean,
  { activities }: Pick<ReturnType<typeof goodActivities>, 'activities'> = goodActivities([]),
): Promise<void> {
  const config = await loadConfig('configs/quickstart.yaml');
  const { client } = pipeline.environment;
  await pipeline.withActivities(activities, () =>
    client.workflow.execute('runPipeline', {
      taskQueue: PIPELINE_QUEUE,
      workflowId,
      args: [{ run: workflowId, revision: 1, config, attributes }],
      typedSearchAttributes: attributes
        ? [{ key: defineSearchAttributeKey('LwRun', 'KEYWORD'), value: workflowId }]
        : [],
    }),
  );
}

/** Our search attributes of a workflow, those that it has. */
async function attributesOf(workflowId: string): Promise<Record<string, unknown>> {
  const { typedSearchAttributes } = await pipeline.environment.client.workflow.getHandle(workflowId).describe();
  const found = NAMES.map((key) => [key.name, typedSearchAttributes.get(key as never)] as const);
  return Object.fromEntries(found.filter(([, value]) => value !== undefined));
}

test('a run, its stages and its samples are found by what the list filters', async () => {
  expect(await attributesOf(run)).toMatchObject({ LwRun: run, LwStage: 'report', LwState: 'completed' });
  expect(await attributesOf(childId(run, 'generate'))).toEqual({ LwRun: run, LwStage: 'generate' });
  expect(await attributesOf(childId(run, 'sft'))).toEqual({ LwRun: run, LwStage: 'sft', LwModel: 'sft' });
  expect(await attributesOf(childId(run, 'evaluate', 'base'))).toMatchObject({ LwStage: 'evaluate', LwModel: 'base' });
  expect(await attributesOf(childId(run, 'sample', '0'))).toEqual({
    LwRun: run,
    LwStage: 'generate',
    LwState: 'kept',
  });
});

test('a run in a namespace without the search attributes sets none, in its children neither', async () => {
  const bare = newRun();
  await walk(bare, false);
  for (const id of [bare, childId(bare, 'generate'), childId(bare, 'sample', '0'), childId(bare, 'sft')])
    expect(await attributesOf(id)).toEqual({});
});

test('every activity, timer and child of a run says in the timeline what it does', async () => {
  const { client } = pipeline.environment;
  let events = 0;
  const silent: string[] = [];
  for (const id of [
    run,
    ...['generate', 'sample.0', 'sft', 'preferences', 'evaluate.base'].map((part) => `${run}.${part}`),
  ]) {
    const { events: history = [] } = await client.workflow.getHandle(id).fetchHistory();
    for (const event of history ?? []) {
      const started =
        event.activityTaskScheduledEventAttributes ??
        event.timerStartedEventAttributes ??
        event.startChildWorkflowExecutionInitiatedEventAttributes;
      if (!started) continue;
      events++;
      if (!event.userMetadata?.summary?.data?.length) silent.push(`${id}: ${JSON.stringify(started)}`);
    }
  }
  expect(silent).toEqual([]);
  expect(events).toBeGreaterThan(20);
});

test('a run counts once a percent: its history does not grow with its signals', async () => {
  const busy = newRun();
  const steps = 200;
  const fakes = goodActivities([]);
  const { trainModel } = fakes.activities;
  // All of them are within two percent.
  const report = { stage: 'sft', group: '', part: '', total: 10_000, detail: '' } as const;
  fakes.activities.trainModel = async (input) => {
    const handle = pipeline.environment.client.workflow.getHandle(busy);
    if (input.method === 'sft')
      for (let done = 1; done <= steps; done++) await handle.signal(PROGRESS_SIGNAL, { ...report, done });
    return trainModel(input);
  };
  await walk(busy, true, fakes);
  const { events = [] } = await pipeline.environment.client.workflow.getHandle(busy).fetchHistory();
  const heard = (events ?? []).filter(
    (event) => event.workflowExecutionSignaledEventAttributes?.signalName === PROGRESS_SIGNAL,
  );
  expect(heard.length).toBeGreaterThanOrEqual(steps);
  const told = (events ?? []).filter((event) => event.upsertWorkflowSearchAttributesEventAttributes).length;
  expect(told).toBeGreaterThan(8);
  expect(told).toBeLessThan(100);
});
