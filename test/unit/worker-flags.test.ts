import { describe, expect, test } from 'vitest';
import { readPriority } from '../../scripts/priority.ts';
import { readPlace, readRoles, readSettings, readVersion, type WorkerOptions } from '../../scripts/worker-flags.ts';

const given: WorkerOptions = { endpoint: [], shutdownGrace: '10m', deployment: 'longwriter', wait: '60s' };
const usage = (message: RegExp) => expect.objectContaining({ exitCode: 2, message: expect.stringMatching(message) });
const thrown = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return error;
  }
};

describe('what is typed at the worker command', () => {
  test('roles are all where none is named, and in their own order', () => {
    expect(readRoles([])).toEqual(['pipeline', 'llm', 'gpu']);
    expect(readRoles(['all'])).toEqual(['pipeline', 'llm', 'gpu']);
    expect(readRoles(['gpu', 'llm', 'gpu'])).toEqual(['llm', 'gpu']);
    expect(thrown(() => readRoles(['llm', 'cpu']))).toEqual(
      usage(/^role "cpu": expected one of pipeline, llm, gpu, all/),
    );
  });

  test('settings are set only where they are given', () => {
    expect(readSettings(['llm'], given)).toEqual({ shutdownGraceMs: 600_000 });
    const all = {
      maxActivities: '20',
      maxWorkflowTasks: '8',
      maxCachedWorkflows: '500',
      endpoint: ['judge', 'writer'],
      endJobs: true,
    };
    expect(readSettings(['llm', 'gpu'], { ...given, ...all, shutdownGrace: '30s' })).toEqual({
      ...{ maxActivities: 20, maxWorkflowTasks: 8, maxCachedWorkflows: 500 },
      ...{ endpoints: ['writer', 'judge'], shutdownGraceMs: 30_000, endsJobs: true },
    });
  });

  test.each([
    [{ maxActivities: '0' }, /^--max-activities 0: expected a whole number/],
    [{ maxCachedWorkflows: 'many' }, /^--max-cached-workflows many/],
    [{ maxWorkflowTasks: '1' }, /^--max-workflow-tasks 1: expected 2 or more/],
    [{ endpoint: ['critic'] }, /^--endpoint "critic": expected one of writer, judge, served/],
    [{ shutdownGrace: '10' }, /^--shutdown-grace 10: expected a duration/],
  ])('%j is told in one line', (more, message) => {
    expect(thrown(() => readSettings(['llm'], { ...given, ...more }))).toEqual(usage(message));
  });

  test('an endpoint without llm workers is a mistake', () => {
    expect(thrown(() => readSettings(['gpu'], { ...given, endpoint: ['judge'] }))).toEqual(usage(/none is started/));
  });

  test('a version is a deployment and a build', () => {
    expect(readVersion(given)).toBeUndefined();
    const buildId = 'v1.2_3-a';
    expect(readVersion({ ...given, buildId })).toEqual({ deploymentName: 'longwriter', buildId });
    expect(thrown(() => readVersion({ ...given, buildId: 'a b' }))).toEqual(usage(/^--build-id a b/));
    expect(thrown(() => readVersion({ ...given, deployment: 'a.b' }))).toEqual(usage(/^--deployment a\.b/));
  });

  test.each([
    ['8090', { host: '127.0.0.1', port: 8090 }],
    [':8090', { host: '127.0.0.1', port: 8090 }],
    ['0.0.0.0:0', { host: '0.0.0.0', port: 0 }],
    ['[::1]:80', { host: '::1', port: 80 }],
  ])('health is served at %s', (text, place) => {
    expect(readPlace(text)).toEqual(place);
  });

  test.each(['x', '1:2:3', '70000', 'host:', '::1:80'])('health cannot be served at %s', (text) => {
    expect(thrown(() => readPlace(text))).toEqual(usage(/^--health .*expected PORT or HOST:PORT/));
  });
});

test('a priority is 1 to 5, or not given', () => {
  expect(readPriority(undefined)).toEqual({});
  expect(readPriority('1')).toEqual({ priority: 1 });
  for (const text of ['0', '6', '1.5', 'high', ''])
    expect(thrown(() => readPriority(text))).toEqual(usage(/^--priority .*expected 1 \(most urgent\) to 5/));
});
