import { describe, expect, test } from 'vitest';
import { NO_COST, NO_SPENDING } from '../../domain/cost.ts';
import type { StageProgress } from '../../domain/progress.ts';
import { plainView } from '../../scripts/progress-view.ts';
import type { RunStatus } from '../../scripts/run-progress.ts';
import { watchRun } from '../../scripts/watch.ts';

const sft = (done: number, total: number, phase: string, more: Partial<StageProgress> = {}): StageProgress => ({
  ...{ stage: 'sft', state: 'running', done, total, phase, detail: phase },
  ...{ seconds: 0, words: 0, spending: NO_SPENDING, ...more },
});

describe('watching a run', () => {
  test('prints a line for each phase of a training, each tenth of its steps, and where it goes back', async () => {
    const looks = [
      ...[sft(0, 0, 'pending'), sft(0, 0, 'load'), sft(0, 0, 'load'), sft(0, 100, 'train'), sft(3, 100, 'train')],
      ...[sft(14, 100, 'train'), sft(2, 100, 'train'), sft(100, 100, 'done', { state: 'done' })],
    ];
    const printed: string[] = [];
    const look = async (): Promise<RunStatus> => {
      const stage = looks.shift()!;
      const state = looks.length > 0 ? 'running' : 'completed';
      return { run: 'r', state, message: '', stages: [stage], paid: NO_COST, elapsedSeconds: 0 };
    };
    await watchRun(look, { view: plainView((line) => printed.push(line)), lookMs: 0 });
    expect(printed).toEqual([
      'sft         running, pending',
      'sft         running, load',
      'sft         running 0 of 100, train',
      'sft         running 14 of 100, train',
      'sft         running 2 of 100, train',
      'sft         done 100 of 100, done',
    ]);
  });
});
