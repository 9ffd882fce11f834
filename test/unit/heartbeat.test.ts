import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { whileNotDraining } from '../../activities/draining.ts';
import { whileBeating } from '../../activities/heartbeat.ts';

describe('a step that beats', () => {
  const warnings: Error[] = [];
  const note = (warning: Error): unknown => warnings.push(warning);
  beforeEach(() => {
    warnings.length = 0;
    process.on('warning', note);
  });
  afterEach(() => process.off('warning', note));

  test('may have many calls under way that listen to its signal, and is no leak', async () => {
    const draining = new AbortController().signal;
    const call = () => whileBeating((signal) => whileNotDraining({ signal, draining }, () => sleep(10)));
    // As the worker does with its own.
    setMaxListeners(0, draining);
    await new MockActivityEnvironment().run(() => Promise.all(Array.from({ length: 20 }, call)));
    await sleep(0);
    expect(warnings).toEqual([]);
  });
});
