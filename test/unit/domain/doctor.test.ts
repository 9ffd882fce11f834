import { describe, expect, test } from 'vitest';
import type { EndpointLook, ListedPoller, ListedQueue, QueueLook } from '../../../domain/doctor.ts';
import { endpointFinding } from '../../../domain/endpoint-finding.ts';
import { askable, queueFinding } from '../../../domain/queue-findings.ts';
import { clockFinding, skewMs, workerFindings } from '../../../domain/worker-findings.ts';

const DIALECT = {
  maxTokensField: 'max_tokens',
  temperature: 'send',
  seed: 'send',
  streamUsage: true,
  stripThinking: false,
} as const;
const NOW = 1_800_000_000_000;
const poller = (more: Partial<ListedPoller> = {}): ListedPoller => ({
  identity: '1@a',
  lastSeenAt: NOW - 1000,
  ...more,
});
const listed = (more: Partial<ListedQueue> = {}): ListedQueue => ({
  queue: 'longwriter',
  needed: true,
  pollers: [],
  ...more,
});

describe('a task queue', () => {
  test('is told with who polls it, and without those that are gone', () => {
    const pollers = [poller({ sdk: '1.24.0' }), poller({ identity: '2@b', lastSeenAt: NOW - 200_000 })];
    expect(queueFinding(listed({ pollers }), NOW)).toEqual({
      check: 'queue longwriter',
      state: 'ok',
      found: '1 worker: 1@a (SDK 1.24.0)',
    });
  });

  test('that nobody polls fails where a run needs it, with the worker to start', () => {
    expect(queueFinding(listed(), NOW)).toMatchObject({
      state: 'fail',
      mend: expect.stringContaining('longwriter worker pipeline'),
    });
    const gpu = queueFinding(listed({ queue: 'longwriter-gpu', needed: false }), NOW);
    expect(gpu).toMatchObject({ state: 'warn', mend: expect.stringContaining('longwriter worker gpu') });
    expect(queueFinding(listed({ queue: 'longwriter-llm-judge' }), NOW).mend).toContain('longwriter worker llm');
  });

  test('of GPU nodes that are all in the midst of a job is warned of, however long ago they polled', () => {
    const busy = { queue: 'longwriter-gpu', busy: ['7@gpu'], pollers: [poller({ lastSeenAt: NOW - 100_000 })] };
    expect(queueFinding(listed(busy), NOW)).toMatchObject({
      state: 'warn',
      found: expect.stringMatching(/busy.*7@gpu/),
    });
    expect(queueFinding(listed({ ...busy, busy: [] }), NOW).state).toBe('fail');
  });

  test('has those asked alone that polled a moment ago, unless this clock holds nobody for alive', () => {
    const stale = listed({ pollers: [poller({ lastSeenAt: NOW - 100_000 })] });
    const fresh = listed({ pollers: [poller()] });
    const counts = (all: ListedQueue[], now: number) => askable(all, now).map(({ pollers }) => pollers.length);
    expect(counts([stale, fresh], NOW)).toEqual([0, 1]);
    expect(counts([stale, fresh], NOW - 600_000)).toEqual([0, 1]);
    expect(counts([stale, fresh], NOW + 600_000)).toEqual([1, 1]);
  });

  test('has nobody asked whom no task reaches', () => {
    const both = [poller({ identity: '1@a', version: 'lw.2' }), poller({ identity: '2@a' })];
    const names = (current?: string) =>
      askable([listed({ pollers: both, ...(current && { current }) })], NOW)[0]!.pollers.map(
        ({ identity }) => identity,
      );
    expect([names('lw.2'), names(), names('lw.3')]).toEqual([['1@a'], ['2@a'], []]);
  });

  test('that nobody polls asks for a worker of the current version, and not for an unversioned one', () => {
    const { mend } = queueFinding(listed({ current: 'lw.1.2.3' }), NOW);
    expect(mend).toBe(
      'longwriter worker pipeline --deployment lw --build-id 1.2.3 on a machine that is to do it, since lw.1.2.3 is current',
    );
  });

  test('with versioned workers of which none is current fails: nothing would ever run', () => {
    const pollers = [poller({ version: 'lw.2' })];
    expect(queueFinding(listed({ pollers }), NOW)).toMatchObject({
      state: 'fail',
      found: '1 worker: 1@a (lw.2); no version is current, so they get none',
      mend: 'longwriter worker --promote --deployment lw --build-id 2 makes theirs the current one',
    });
    expect(queueFinding(listed({ pollers, current: 'lw.1' }), NOW).found).toContain(
      'tasks go to lw.1, so they get none',
    );
    expect(
      queueFinding(listed({ pollers: [...pollers, poller({ version: 'lw.1' })], current: 'lw.1' }), NOW).state,
    ).toBe('ok');
  });

  test('with unversioned workers while a version is current fails, with how tasks reach them', () => {
    const finding = queueFinding(listed({ pollers: [poller()], current: 'lw.2' }), NOW);
    expect(finding).toMatchObject({
      state: 'fail',
      mend: expect.stringMatching(
        /^longwriter worker pipeline --deployment lw --build-id 2 .*--deployment-name lw --unversioned$/,
      ),
    });
  });
});

describe('a clock', () => {
  test('is off by what lies outside of question and answer, and as the server’s within', () => {
    expect(skewMs(NOW + 30, NOW, NOW + 60)).toBe(0);
    expect(skewMs(NOW - 9000, NOW, NOW + 60)).toBe(-9000);
    expect(skewMs(NOW + 9060, NOW, NOW + 60)).toBe(9000);
  });

  test('is warned of from five seconds on', () => {
    expect(clockFinding('clock', 4000)).toEqual({ check: 'clock', state: 'ok', found: '4.0 s off the server’s' });
    expect(clockFinding('clock', -9000)).toMatchObject({
      state: 'warn',
      found: expect.stringContaining('9.0 s behind'),
    });
    expect(clockFinding('clock', 9000).found).toContain('9.0 s ahead of');
  });
});

describe('a worker', () => {
  const expected = { code: 'c1', storeUrl: '/s', hasStore: true, needsTraining: false };
  const look = (queue: string, more: object = {}): QueueLook => ({
    queue,
    askedAt: NOW,
    answeredAt: NOW + 100,
    look: { worker: '1@a', code: 'c1', at: NOW + 50, store: { url: '/s', isOurs: true }, endpoints: [], ...more },
  });

  test('that serves several queues is told once', () => {
    expect(workerFindings([look('a'), look('b')], expected)).toEqual([
      {
        check: 'worker 1@a',
        state: 'ok',
        found: 'same code (c1), same store, which it can write; clock as the server’s',
      },
    ]);
  });

  test('is told each thing that is wrong with it', () => {
    const wrong = look('a', { code: 'c0', at: NOW - 60_000, store: { url: '/other', isOurs: false } });
    expect(workerFindings([wrong], expected).map(({ state, found }) => [state, found])).toEqual([
      ['warn', 'runs other code (c0) than this command (c1)'],
      ['fail', 'its store /other is not the one of this command, /s'],
      ['warn', expect.stringContaining('its clock is 60.0 s behind')],
    ]);
  });

  test('is not blamed for a store that the command itself cannot use', () => {
    const other = look('a', { store: { url: '/other', isOurs: false } });
    expect(workerFindings([other], { ...expected, hasStore: false })[0]!.state).toBe('ok');
    const broken = look('a', {
      store: { url: '/other', isOurs: false, problem: 'store /other cannot be written (EACCES)' },
    });
    expect(workerFindings([broken], expected)[0]).toMatchObject({
      state: 'fail',
      found: expect.stringContaining('EACCES'),
    });
  });
});

describe('an endpoint', () => {
  const need = (timeoutSeconds: number) => ({
    ask: { name: 'writer', baseUrl: 'http://a/v1', model: 'm', timeoutSeconds, dialect: DIALECT, calls: true },
    queue: 'longwriter-llm-writer',
    schema: false,
    mostTokens: 100,
  });
  const slow: EndpointLook = {
    name: 'writer',
    problem: { kind: 'TimedOut', message: 'no answer' },
    tokens: 0,
    schema: 'not-asked',
  };

  test('that is slower than a check waits fails only where a run waits no longer', () => {
    expect(endpointFinding(need(600), slow)).toMatchObject({
      state: 'warn',
      mend: expect.stringContaining('A check waits for 60 s, a run for 600 s'),
    });
    expect(endpointFinding(need(60), slow).state).toBe('fail');
  });
});
