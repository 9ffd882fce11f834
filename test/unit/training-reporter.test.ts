import { noopMetricMeter } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, test } from 'vitest';
import { makeMetrics } from '../../activities/metrics.ts';
import { trainingReporter, type TrainingReporter } from '../../activities/training-progress.ts';
import type { ProgressReport } from '../../domain/progress.ts';
import type { TrainerEvent } from '../../domain/schemas/trainer.ts';
import { runClient } from './run-client.ts';

const at = (second: number) => ({ version: 1 as const, time: new Date(second * 1000).toISOString() });
const started = (step: number, total_steps: number): TrainerEvent => ({
  ...at(0),
  event: 'run-start',
  step,
  total_steps,
});
const stepped = (step: number, total_steps: number): TrainerEvent => ({
  ...at(step),
  event: 'step-end',
  step,
  total_steps,
  loss: 2,
  tokens_per_second: 100,
});

/** What the run is told by an attempt at an SFT. */
async function told(work: (reporter: TrainingReporter) => Promise<void>, attempt = 1): Promise<ProgressReport[]> {
  const reports: ProgressReport[] = [];
  const environment = new MockActivityEnvironment({ attempt }, { client: runClient(reports) });
  await environment.run(() => work(trainingReporter(makeMetrics(noopMetricMeter), { run: 'r', method: 'sft' })));
  return reports;
}

describe('the reporter of a training', () => {
  test('tells a phase once, and a long training a hundred times', async () => {
    const reports = await told(async ({ handle, follow, look, finished }) => {
      await handle('fetch');
      for (let second = 0; second < 5; second++) await look({ state: 'pending', detail: '(Priority)' });
      follow({ ...at(0), event: 'phase-start', step: 0, phase: 'load' });
      await look({ state: 'running' });
      follow(started(0, 3000));
      for (let step = 1; step <= 3000; step++) {
        follow(stepped(step, 3000));
        await look({ state: 'running' });
      }
      await handle('upload');
      await finished();
    });
    expect(reports.length).toBeLessThanOrEqual(106);
    expect(reports.map(({ phase }) => phase).filter((phase) => phase !== 'train')).toEqual([
      ...['fetch', 'pending', 'load', 'upload', 'done'],
    ]);
    expect(reports.at(-1)).toMatchObject({ done: 3000, total: 3000, detail: 'loss 2.000, 100 tokens/s' });
  });

  test('tells what a second attempt reads of the first one in one report', async () => {
    const reports = await told(async ({ follow, look }) => {
      follow(started(0, 10));
      for (let step = 1; step <= 8; step++) follow(stepped(step, 10));
      await look({ state: 'running' });
      follow(started(4, 10));
      follow({ ...at(9), event: 'phase-start', step: 4, phase: 'train' });
      await look({ state: 'running' });
    });
    expect(reports.map(({ done, detail }) => [done, detail])).toEqual([
      [8, 'loss 2.000, 100 tokens/s, 2 s left'],
      [4, 'going on from step 4'],
    ]);
  });

  test('tells why it stopped, short, and after hundreds of attempts only steps', async () => {
    const end = async ({ follow, look, stopped }: TrainingReporter): Promise<void> => {
      follow(started(0, 2));
      follow(stepped(1, 2));
      await look({ state: 'running' });
      await stopped(new Error(`exit code 1:\n${'x'.repeat(500)}`));
    };
    const [, stop] = await told(end);
    expect(stop!.detail).toMatch(/^stopped: exit code 1: x+…$/);
    expect(stop!.detail.length).toBeLessThan(140);
    expect(await told(end, 201)).toMatchObject([{ phase: 'train', done: 1 }]);
  });

  test('has a small object without text for the heartbeat', async () => {
    await told(async ({ details, follow, uploaded }) => {
      follow(started(0, 2));
      follow({ ...stepped(1, 2), memory_bytes: 5 });
      uploaded(1);
      expect(details()).toEqual({
        ...{ phase: 'train', waitsFor: null, step: 1, totalSteps: 2, loss: 2, tokensPerSecond: 100 },
        ...{ secondsLeft: 1, memoryBytes: 5, uploadedStep: 1 },
      });
    });
  });
});
