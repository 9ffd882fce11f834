import fc from 'fast-check';
import pico from 'picocolors';
import { describe, expect, it } from 'vitest';
import { readTerminal } from '../../configs/env.ts';
import { NO_COST, NO_SPENDING } from '../../domain/cost.ts';
import type { StageProgress } from '../../domain/progress.ts';
import { followTimeLeft, meanTimeLeft, progressLines } from '../../scripts/progress-lines.ts';
import type { RunStatus } from '../../scripts/run-progress.ts';
import { widthOf } from '../../scripts/terminal.ts';

const stage = (given: Partial<StageProgress>): StageProgress => ({
  ...{
    stage: 'generate',
    state: 'running',
    done: 0,
    total: 0,
    detail: '',
    seconds: 0,
    words: 0,
    spending: NO_SPENDING,
  },
  ...given,
});

const run = (stages: readonly StageProgress[], more: Partial<RunStatus> = {}): RunStatus => ({
  ...{ run: 'demo', state: 'running', message: '', stages, paid: NO_COST, elapsedSeconds: 754 },
  ...more,
});

const cost = { calls: 13, promptTokens: 9000, cachedTokens: 0, completionTokens: 4000, dollars: 1.25 };
const busy = stage({
  ...{ done: 3, total: 8, words: 12_345, seconds: 300 },
  spending: { used: cost, paid: cost, fresh: cost },
});
const plain = pico.createColors(false);
const lines = (progress: RunStatus, width: number): string[] => progressLines(progress, width, plain, meanTimeLeft);

describe('a run on a terminal', () => {
  it('has a bar, counts, words, cost and time left for each stage, and fewer where there is less room', () => {
    const status = run(
      [stage({ stage: 'select', state: 'done', seconds: 4 }), busy, stage({ stage: 'dpo', state: 'waiting' })],
      {
        paid: cost,
        budget: { unit: 'dollars', amount: 500 },
      },
    );
    expect(lines(status, 100)).toEqual([
      'run demo: running, 13 min',
      'paid $1.25 of $500.00, 13 calls',
      '✓ select      4 s',
      '▸ generate    ███████░░░░░░░░░░░░░ 3/8, 12.3k words, $1.25, 8 min left',
      '· dpo         waiting',
    ]);
    expect(lines(status, 40)[3]).toBe('▸ generate    ███░░░░░░░ 3/8');
    expect(lines(status, 20)[3]).toBe('▸ generate    3/8');
  });

  it('keeps what to do, which stands at the end of a message, on a narrow one', () => {
    const message =
      'Model.KeyRefused: the endpoint writer refuses its key; set OPENAI_API_KEY on the workers and resume';
    expect(
      lines(run([], { state: 'paused', message, next: 'to go on: npm run longwriter -- resume demo' }), 40).slice(1),
    ).toEqual([
      'Model.KeyRefused: the endpoint writer',
      'refuses its key; set OPENAI_API_KEY on',
      'the workers and resume',
      'to go on: npm run longwriter -- resume',
      'demo',
    ]);
  });

  it('is never wider than the terminal, and never sends what a terminal acts on', () => {
    const text = fc
      .array(fc.constantFrom(...Array.from('a 茶😀\n\t\u001b\u009b\u202e'), 'word '))
      .map((all) => all.join(''));
    fc.assert(
      fc.property(text, text, fc.integer({ min: 1, max: 120 }), fc.nat(5000), (message, detail, width, done) => {
        const status = run(
          [stage({ detail, done, total: done + 1, phase: 'train' }), stage({ detail, state: 'failed' })],
          {
            state: 'failed',
            message,
          },
        );
        for (const line of lines(status, width)) {
          expect(widthOf(line)).toBeLessThanOrEqual(width);
          // oxlint-disable-next-line no-control-regex
          expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
        }
      }),
    );
  });

  it('tells the time left by what was seen, once that is enough, and leaves it to a training that says it itself', () => {
    let now = 0;
    const left = followTimeLeft(() => now);
    // 1,000 were found at once: by the mean the rest would take 10 s.
    expect(left(stage({ done: 1000, total: 2000, seconds: 10 }))).toBe(10);
    now = 30_000;
    expect(left(stage({ done: 1010, total: 2000, seconds: 40 }))).toBe(2970);
    expect(left(stage({ done: 10, total: 20, seconds: 40, phase: 'train' }))).toBeUndefined();
    expect(left(stage({ done: 0, total: 20, seconds: 40 }))).toBeUndefined();
  });

  it('colours the marks and bars alone', () => {
    const painted = progressLines(run([busy]), 100, pico.createColors(true), meanTimeLeft);
    expect(painted[1]).toContain('\u001b[36m▸ generate    ███████░░░░░░░░░░░░░ \u001b[39m3/8, ');
  });
});

describe('the terminal', () => {
  it('is drawn over only where it can be, and is coloured as NO_COLOR and FORCE_COLOR say', () => {
    const both = (isTerminal: boolean | undefined, env: NodeJS.ProcessEnv) =>
      Object.values(readTerminal(isTerminal, env));
    expect(both(true, {})).toEqual([true, true]);
    expect(both(true, { CI: 'true' })).toEqual([false, true]);
    expect(both(true, { TERM: 'dumb' })).toEqual([false, false]);
    expect(both(true, { NO_COLOR: '1', FORCE_COLOR: '1' })).toEqual([true, false]);
    expect(both(true, { FORCE_COLOR: '0' })).toEqual([true, false]);
    expect(both(false, { FORCE_COLOR: '1' })).toEqual([false, true]);
    expect(both(false, {})).toEqual([false, false]);
    expect(both(undefined, { CI: 'true' })).toEqual([false, false]);
  });
});
