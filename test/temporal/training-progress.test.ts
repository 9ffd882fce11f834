import { Context } from '@temporalio/activity';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { failure } from '../../activities/failures.ts';
import { loadConfig } from '../../configs/load.ts';
import { PIPELINE_QUEUE } from '../../domain/names.ts';
import { PROGRESS_SIGNAL, type StageProgress } from '../../domain/progress.ts';
import { pausedSignal, progressQuery } from '../../workflows/messages.ts';
import type { runPipeline } from '../../workflows/run-pipeline.ts';
import { missing } from '../parts.ts';
import { newRun, startTestPipeline, type TestPipeline } from './environment.ts';
import { goodActivities } from './fakes.ts';

describe.skipIf(missing('services'))('a training, as its run shows it', () => {
  let pipeline: TestPipeline;
  beforeAll(async () => {
    pipeline = await startTestPipeline();
  });
  afterAll(() => pipeline.close());

  /** Walks until SFT, whose activity tells a line for each step and then ends as `end` does; what the stage showed. */
  async function shown(steps: readonly number[], end: () => void): Promise<StageProgress[]> {
    const { activities } = goodActivities([]);
    const { trainModel } = activities;
    const seen: StageProgress[] = [];
    const run = newRun();
    const { workflow } = pipeline.environment.client;
    const stage = async () => (await workflow.getHandle(run).query(progressQuery)).stages[3]!;
    activities.trainModel = async (input) => {
      seen.push(await stage());
      for (const done of steps) {
        const report = { stage: 'sft', group: '', part: '', done, total: 10, phase: 'train', detail: `step ${done}` };
        await Context.current().client.workflow.getHandle(run).signal(PROGRESS_SIGNAL, report);
        seen.push(await stage());
      }
      end();
      return trainModel(input);
    };
    await pipeline.withActivities(activities, async () => {
      const config = await loadConfig('configs/quickstart.yaml');
      const args: Parameters<typeof runPipeline> = [{ run, revision: 1, config, until: 'sft' }];
      await workflow
        .execute('runPipeline', { taskQueue: PIPELINE_QUEUE, workflowId: run, args })
        .catch(() => undefined);
      seen.push(await stage());
    });
    return seen;
  }

  test('waits for a node at first, and goes back to its checkpoint after a kill', async () => {
    const seen = await shown([5, 8, 6], () => undefined);
    expect(seen.map(({ state, done, detail }) => [state, done, detail])).toEqual([
      ['running', 0, 'waiting for a GPU node'],
      ['running', 5, 'step 5'],
      ['running', 8, 'step 8'],
      ['running', 6, 'step 6'],
      ['done', 6, 'short prompts passed (S_l 60.0 → 60.0, n = 12)'],
    ]);
  });

  test('shows its message where it failed', async () => {
    const seen = await shown([3], () => {
      throw failure('Trainer.OutOfMemory', 'r.sft.x: exit code 4: 12 GB\nwere not there');
    });
    expect(seen.at(-1)).toMatchObject({
      state: 'failed',
      done: 3,
      detail: 'r.sft.x: exit code 4: 12 GB were not there',
    });
  });

  test('says that it is paused, and why', async () => {
    const { activities } = goodActivities([]);
    const run = newRun();
    const { workflow } = pipeline.environment.client;
    let go: () => void = () => undefined;
    const gone = new Promise<void>((done) => (go = done));
    const { trainModel } = activities;
    activities.trainModel = async (input) => (await gone, trainModel(input));
    await pipeline.withActivities(activities, async () => {
      const config = await loadConfig('configs/quickstart.yaml');
      const args: Parameters<typeof runPipeline> = [{ run, revision: 1, config, until: 'sft' }];
      const handle = await workflow.start('runPipeline', { taskQueue: PIPELINE_QUEUE, workflowId: run, args });
      while ((await handle.query(progressQuery)).stages[3]?.state !== 'running')
        await new Promise((done) => setTimeout(done, 50));
      await handle.signal(pausedSignal, { type: 'Store.Forbidden', message: 'no room' });
      expect((await handle.query(progressQuery)).stages[3]).toMatchObject({
        state: 'running',
        detail: 'paused: no room',
      });
      go();
      await handle.cancel();
      await handle.result().catch(() => undefined);
    });
  });
});
