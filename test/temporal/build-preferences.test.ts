import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FindUnfinishedInput } from '../../activities/find-unfinished.ts';
import { NO_SPENDING } from '../../domain/cost.ts';
import { PIPELINE_QUEUE } from '../../domain/names.ts';
import type { buildPreferences } from '../../workflows/build-preferences.ts';
import { missing } from '../parts.ts';
import { newRun, startTestPipeline, type TestPipeline } from './environment.ts';
import { goodActivities } from './fakes.ts';

const PROMPTS = 6;
const COMPLETIONS = 4;
const ALL = Array.from(
  { length: PROMPTS * COMPLETIONS },
  (_, item) => `p${Math.floor(item / COMPLETIONS)}-${item % COMPLETIONS}`,
);

describe.skipIf(missing('services'))('buildPreferences', () => {
  let pipeline: TestPipeline;
  beforeAll(async () => {
    pipeline = await startTestPipeline();
  });
  afterAll(() => pipeline.close());

  const start = (run: string) =>
    pipeline.environment.client.workflow.start<typeof buildPreferences>('buildPreferences', {
      taskQueue: PIPELINE_QUEUE,
      workflowId: `${run}.preferences`,
      args: [
        {
          run,
          revision: 1,
          model: { name: 'sft', identity: 'id-sft', location: { kind: 'store', folder: 'f' } },
          window: 3,
          partitionSize: 8,
          judgeDraws: 2,
          budget: undefined,
          data: { instructions: 'i', dataset: 'd' },
        },
      ],
    });

  test('killed in its second partition, asks only for what is unfinished when it is started again', async () => {
    const made = { completions: new Set<string>(), judgements: new Set<string>() };
    const asked = { completions: [] as string[], judgements: [] as string[] };
    const looked: string[] = [];
    let dying = true;
    let die = (): void => undefined;
    const killed = new Promise<void>((resolve) => (die = resolve));
    let stall = (): void => undefined;
    const stalled = new Promise<void>((resolve) => (stall = resolve));
    const work =
      (kind: 'completions' | 'judgements') =>
      async ({ items: [id = ''] }: { items: string[] }) => {
        asked[kind].push(id);
        if (dying && made.completions.size === 13) {
          stall();
          await killed;
          throw new Error('the node is gone');
        }
        made[kind].add(id);
        return [{ verdict: 'kept', words: 5, spending: NO_SPENDING }];
      };
    const activities = {
      ...goodActivities([]).activities,
      listPrompts: async () => ({
        folder: 'f',
        prompts: PROMPTS,
        completions: COMPLETIONS,
        judgements: 1,
        positions: false,
      }),
      findUnfinished: async ({ work: of, offset, count }: FindUnfinishedInput) => {
        const kind = of.kind === 'judgements' ? 'judgements' : 'completions';
        looked.push(`${kind} ${offset}+${count}`);
        const items = ALL.slice(offset, offset + count).filter((id) => !made[kind].has(id));
        const finished = { kept: count - items.length, rejected: {}, words: 0, spending: NO_SPENDING };
        return { items: items.map((id) => ({ id })), finished };
      },
      sampleCompletions: work('completions'),
      judgeCompletions: work('judgements'),
    };
    const outcome = await pipeline.withActivities(activities, async () => {
      const run = newRun();
      const first = await start(run);
      await stalled;
      await first.terminate();
      dying = false;
      die();
      asked.completions.length = 0;
      looked.length = 0;
      const left = ALL.filter((id) => !made.completions.has(id));
      const result = await (await start(run)).result();
      expect(asked.completions.toSorted()).toEqual(left.toSorted());
      return result;
    });
    expect(outcome).toMatchObject({ pairs: 2 });
    expect(asked.judgements.toSorted()).toEqual(ALL.toSorted());
    expect(looked.toSorted()).toEqual(
      ['completions', 'judgements'].flatMap((kind) => ['0+8', '16+8', '8+8'].map((part) => `${kind} ${part}`)),
    );
  });

  test('without judgements nobody is asked to judge', async () => {
    const trace: string[] = [];
    const { activities } = goodActivities(trace);
    const listPrompts = async () => ({ folder: 'f', prompts: 2, completions: 2, judgements: 0, positions: false });
    await pipeline.withActivities({ ...activities, listPrompts }, async () => (await start(newRun())).result());
    expect(trace.filter((step) => ['complete', 'judge', 'pairs'].includes(step))).toEqual([
      ...Array.from({ length: 4 }, () => 'complete'),
      'pairs',
    ]);
  });
});
