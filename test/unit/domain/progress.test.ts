import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NO_COST, NO_SPENDING } from '../../../domain/cost.ts';
import { reasonsLine, stageLine, timeLeft, type StageProgress } from '../../../domain/progress.ts';
import { runDetails } from '../../../domain/run-details.ts';
import { addReasons } from '../../../domain/tally.ts';

const stage: StageProgress = {
  ...{ stage: 'generate', state: 'running', done: 40, total: 100, detail: '', seconds: 90, words: 12_345 },
  spending: NO_SPENDING,
};

describe('a stage', () => {
  test('says in its line why items were left out and how long it still takes, where it knows', () => {
    expect(stageLine(stage)).toBe('generate    running 40 of 100, 12.3k words (90 s)');
    expect(stageLine({ ...stage, reasons: { 'too-short': 2, repetition: 3 }, secondsLeft: 200 })).toBe(
      'generate    running 40 of 100, 3 min left, left out: 3 repetition, 2 too-short, 12.3k words (90 s)',
    );
  });

  test('is a row of the run in the UI, with its reasons below the table', () => {
    const reasons = { 'too-short': 2 };
    const stages = [{ ...stage, reasons, secondsLeft: 200 }];
    const lines = runDetails({ run: 'demo', state: 'running', message: '', stages, paid: NO_COST }).split('\n');
    expect(lines.map((line) => line.replaceAll(/\s+/g, ' '))).toEqual([
      '**running**',
      '',
      '| Stage | State | Done | Left | Words |',
      '| --- | --- | --- | --- | --- |',
      '| **generate** | running | 40 of 100 | 3 min | 12.3k |',
      '',
      '- **generate**: left out: 2 too-short',
    ]);
  });
});

describe('reasons', () => {
  test('are told with their counts, the most frequent first', () => {
    expect(reasonsLine({})).toBe('');
    expect(reasonsLine({ b: 1, d: 2, e: 5 })).toBe('5 e, 2 d, 1 b');
  });

  test('of parts are added up, and those beyond eight are told together', () => {
    const many = Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`r${index}`, index + 1]));
    const sum = addReasons(many, { r9: 5, other: 7 });
    expect(Object.keys(sum)).toHaveLength(9);
    expect(sum).toMatchObject({ r9: 15, r2: 3, other: 1 + 2 + 7 });
  });
});

describe('the time left', () => {
  test('is by the pace of what was made, not of what was found', () => {
    // 900 of 1,000 were there; 10 took a minute.
    expect(timeLeft({ done: 910, found: 900, total: 1000, seconds: 60 })).toBe(540);
  });

  test('is unknown before anything was made, and at the end', () => {
    expect(timeLeft({ done: 900, found: 900, total: 1000, seconds: 60 })).toBeUndefined();
    expect(timeLeft({ done: 1000, found: 900, total: 1000, seconds: 60 })).toBeUndefined();
    expect(timeLeft({ done: 5, found: 0, total: 10, seconds: 0 })).toBeUndefined();
  });

  test('is never negative nor endless', () => {
    const count = fc.nat(1000);
    fc.assert(
      fc.property(count, count, count, fc.integer({ min: -5, max: 1e6 }), (done, found, total, seconds) => {
        const left = timeLeft({ done, found, total, seconds });
        expect(left === undefined || (left >= 0 && Number.isFinite(left))).toBe(true);
      }),
    );
  });
});
