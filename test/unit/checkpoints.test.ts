import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fetchCheckpoint, uploadCheckpoint } from '../../activities/checkpoints.ts';
import type { ActivityDeps } from '../../activities/deps.ts';
import { activityDeps } from './activity-deps.ts';

const TRAINING = 'runs/r/sft/1a2b3c4d';

describe('the checkpoints of a training', () => {
  let folder: string;
  let deps: ActivityDeps;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'longwriter-checkpoints-'));
    deps = await activityDeps(folder, undefined as never);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** A node's job folder with a whole checkpoint and events. */
  async function job(node: string, step: number, events: string): Promise<{ job: string; checkpoint: string }> {
    const checkpoint = join(folder, node, 'checkpoints', `step-${step}`);
    await mkdir(checkpoint, { recursive: true });
    await writeFile(join(checkpoint, 'model.safetensors'), `weights ${step}`);
    await writeFile(join(checkpoint, 'complete.json'), '{}');
    await writeFile(join(folder, node, 'events.jsonl'), events);
    return { job: join(folder, node), checkpoint };
  }

  test('come to another node with the events before them, without a torn line', async () => {
    const { checkpoint } = await job('a', 4, '{"step": 3}\n{"step": 4}\n{"ste');
    expect(await uploadCheckpoint(deps, TRAINING, checkpoint, 2)).toBe(true);
    const other = join(folder, 'b');
    expect(await fetchCheckpoint(deps, TRAINING, other)).toBe(join(other, 'checkpoints/step-4'));
    expect(await readFile(join(other, 'events.jsonl'), 'utf8')).toBe('{"step": 3}\n{"step": 4}\n');
  });

  test('leave a node the events that it has, and one that was removed is not there', async () => {
    const { job: own, checkpoint } = await job('a', 4, '{"step": 4}\n');
    await uploadCheckpoint(deps, TRAINING, checkpoint, 2);
    await writeFile(join(own, 'events.jsonl'), '{"step": 4}\n{"step": 5}\n');
    expect(await fetchCheckpoint(deps, TRAINING, own)).toBe(checkpoint);
    expect(await readFile(join(own, 'events.jsonl'), 'utf8')).toBe('{"step": 4}\n{"step": 5}\n');
    expect(await uploadCheckpoint(deps, TRAINING, join(own, 'checkpoints/step-8'), 2)).toBe(false);
  });

  test('are as many in the store as are kept', async () => {
    for (const step of [2, 4, 6]) await uploadCheckpoint(deps, TRAINING, (await job('a', step, '')).checkpoint, 1);
    const left: string[] = [];
    for await (const path of deps.store.list(`${TRAINING}/checkpoints`)) left.push(path);
    expect(left.every((path) => path.includes('/step-6/'))).toBe(true);
    expect(await fetchCheckpoint(deps, TRAINING, join(folder, 'b'))).toBe(join(folder, 'b/checkpoints/step-6'));
  });
});
