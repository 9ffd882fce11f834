import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { parseEvents } from '../../../domain/trainer-events.ts';
import type { TrainerEvent } from '../../../domain/schemas/trainer.ts';
import {
  followTraining,
  trainedLine,
  trainingLine,
  UNKNOWN_TRAINING,
  type TrainingProgress,
} from '../../../domain/training-progress.ts';

const common = { version: 1, time: 't' } as const;
const started = (step: number, total_steps: number): TrainerEvent => ({
  ...common,
  event: 'run-start',
  step,
  total_steps,
});
const phase = (name: 'load' | 'train' | 'save'): TrainerEvent => ({
  ...common,
  event: 'phase-start',
  step: 0,
  phase: name,
});
const ended = (step: number, total_steps: number, more: object = {}): TrainerEvent => ({
  ...common,
  event: 'step-end',
  step,
  total_steps,
  loss: 1.2345,
  tokens_per_second: 820.4,
  ...more,
});

/** The progress after events, each with its second. */
function after(...events: readonly (readonly [number, TrainerEvent])[]): TrainingProgress {
  return events.reduce((progress, [second, event]) => followTraining(progress, event, second * 1000), UNKNOWN_TRAINING);
}

describe('the progress of a training', () => {
  it('tells loss, speed, time left and memory in a few words', () => {
    const progress = after([0, started(0, 40)], [1, phase('train')], [20, ended(4, 40, { memory_bytes: 2.14e9 })]);
    expect(progress).toMatchObject({ step: 4, totalSteps: 40, secondsLeft: 180, memoryBytes: 2.14e9 });
    expect(trainingLine(progress)).toBe('loss 1.234, 820 tokens/s, 2.1 GB, 3 min left');
    expect(trainingLine({ ...progress, uploadedStep: 4 })).toBe(
      'loss 1.234, 820 tokens/s, 2.1 GB, 3 min left, saved up to 4',
    );
    expect(trainedLine(progress)).toBe('loss 1.234, 820 tokens/s, 2.1 GB');
  });

  it('begins at the checkpoint after a kill, and counts the time left by the steps since then', () => {
    const progress = after(
      [0, started(0, 1000)],
      [450, ended(450, 1000)],
      [5000, phase('load')],
      [5010, started(400, 1000)],
      [5011, phase('train')],
    );
    expect(progress).toMatchObject({ step: 400, totalSteps: 1000, loss: null, secondsLeft: null });
    expect(trainingLine(progress)).toBe('going on from step 400');
    expect(followTraining(progress, ended(402, 1000), 5_030_000)).toMatchObject({ step: 402, secondsLeft: 5980 });
  });

  it('names what goes on before the first step and after the last', () => {
    expect(trainingLine(UNKNOWN_TRAINING)).toBe('fetching model and data');
    expect(trainingLine({ ...UNKNOWN_TRAINING, phase: 'pending' })).toBe('waiting for a GPU node');
    expect(trainingLine(after([0, phase('load')]))).toBe('loading');
    expect(trainingLine({ ...UNKNOWN_TRAINING, phase: 'preflight' })).toBe('checking memory and disk');
    expect(trainingLine(after([0, started(0, 2)], [1, phase('train')]))).toBe('first step');
    expect(trainingLine(after([0, started(0, 2)], [1, ended(2, 2)], [2, phase('save')]))).toBe('saving the model');
  });

  it('says nothing of what an event lacks: a loss that is no number, a memory that nobody measured', () => {
    const progress = after([0, started(0, 9)], [9, ended(3, 9, { loss: null, tokens_per_second: null })]);
    expect(trainingLine(progress)).toBe('18 s left');
  });

  it.each([
    [59, '59 s left'],
    [3600, '1 h 00 min left'],
    [7500, '2 h 05 min left'],
  ])('writes %i seconds as people say them', (secondsLeft, text) => {
    expect(trainingLine({ ...UNKNOWN_TRAINING, phase: 'train', step: 1, secondsLeft })).toBe(text);
  });

  it('follows a recorded file to its last step', async () => {
    const events = parseEvents(await readFile('test/fixtures/trainer-events.jsonl', 'utf8'));
    const progress = events.reduce(
      (before, event) => followTraining(before, event, Date.parse(event.time)),
      UNKNOWN_TRAINING,
    );
    expect(progress).toMatchObject({ phase: 'save', step: 3, totalSteps: 3, secondsLeft: 0 });
    expect(trainedLine(progress)).toBe('loss 0.081, 63 tokens/s, 4.8 GB');
  });
});
