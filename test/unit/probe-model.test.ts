import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ActivityDeps } from '../../activities/deps.ts';
import { findManifest } from '../../activities/folder.ts';
import type { JobState, LaunchedJob, Launcher } from '../../activities/io/launcher/launcher.ts';
import { readText } from '../../activities/io/store/json.ts';
import { probeModel } from '../../activities/probe-model.ts';
import type { ProgressReport } from '../../domain/progress.ts';
import { ProbeJob, type ModelGate } from '../../domain/schemas/probe.ts';
import type { ModelReference } from '../../domain/schemas/run.ts';
import { activityDeps } from './activity-deps.ts';
import { runClient } from './run-client.ts';

const PROMPTS = 'inputs/short';
const SETTINGS = [`gates.model.prompts=${PROMPTS}`, 'gates.model.limit=2'];
const PROSE = 'A lamp burns over the kitchen table while the rain goes on and nobody says that it is late.';

const model = (name: ModelReference['name'], identity: string): ModelReference => ({
  ...{ name, identity, location: { kind: 'node', path: `/models/${identity}` } },
});

describe('probeModel', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'longwriter-probe-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** Activities whose launcher writes what `says` gives for each model, as the probe does; `jobs` are those it was given. */
  async function probing(says: (identity: string) => string, settings: readonly string[] = []) {
    const jobs: ProbeJob[] = [];
    const launcher: Launcher = {
      reach: 'machine',
      submit: async (job) => void jobs.push(await answer(job, says)),
      state: async (): Promise<JobState> => ({ state: 'ended', exitCode: 0 }),
      cancel: async () => undefined,
    };
    const deps: ActivityDeps = {
      ...(await activityDeps(folder, undefined as never, [...SETTINGS, ...settings])),
      launchers: () => launcher,
    };
    await deps.store.putView(PROMPTS, await readFile('configs/data/short-prompts.jsonl'));
    return { deps, jobs, launcher };
  }

  async function answer({ folder: work }: LaunchedJob, says: (identity: string) => string): Promise<ProbeJob> {
    const job = ProbeJob.parse(JSON.parse(await readFile(join(work, 'probe.json'), 'utf8')));
    for (const { identity, output } of job.models) {
      const answers = job.prompts.map(({ id }) => ({
        ...{ prompt: id, text: says(identity), tokens: 20, stopped: true, finite: true },
      }));
      const probe = { version: 1, model_identity: identity, device: 'cpu', dtype: 'torch.float32', answers };
      await writeFile(output, JSON.stringify(probe));
    }
    return job;
  }

  const gate = (deps: ActivityDeps, trained: string, base = 'w0', told?: ProgressReport[]): Promise<ModelGate> =>
    new MockActivityEnvironment({}, { client: runClient(told) }).run(() =>
      probeModel(deps, {
        ...{ run: 'r', revision: 1, folder: `runs/r/sft/${trained}` },
        ...{ trained: model('sft', trained), base: model('base', base) },
      }),
    );

  test('asks both models in one job, says whether the trained one passes, and keeps the verdict and the answers', async () => {
    const { deps, jobs } = await probing((identity) => (identity === 'w1' ? '' : PROSE));
    const verdict = await gate(deps, 'w1');
    expect(verdict).toMatchObject({ passed: false, base: { answers: 2 }, trained: { degenerate: { empty: 2 } } });
    expect(jobs.map(({ models }) => models.map(({ identity }) => identity))).toEqual([['w1', 'w0']]);
    expect(jobs[0]!.prompts).toHaveLength(2);

    const manifest = await findManifest(deps.store, 'runs/r/sft/w1/gate');
    expect(manifest?.files.map(({ path, rows }) => [path, rows])).toEqual([
      ...[
        ['gate.json', undefined],
        ['answers.jsonl', 4],
      ],
    ]);
    const kept = JSON.parse(await readText(deps.store, 'runs/r/sft/w1/gate/gate.json'));
    expect(kept).toMatchObject({ passed: false, reasons: verdict.reasons, settings: { limit: 2 } });
    expect(await readText(deps.store, 'runs/r/sft/w1/gate/answers.jsonl')).toContain(PROSE);
    expect(await readdir(join(folder, 'work/jobs'))).toEqual([]);
  });

  test('tells the run that it waits for a node, and that it asks', async () => {
    const { deps, launcher } = await probing(() => PROSE);
    const states: JobState[] = [{ state: 'pending', detail: '(Priority)' }, { state: 'running' }];
    const state = async (): Promise<JobState> => states.shift() ?? { state: 'ended', exitCode: 0 };
    const told: ProgressReport[] = [];
    await gate({ ...deps, launchers: () => ({ ...launcher, state }) }, 'w1', 'w0', told);
    expect(told.map(({ stage, detail }) => [stage, detail])).toEqual([
      ['sft', 'short prompts: waiting for a GPU node (Priority)'],
      ['sft', 'answering short prompts'],
    ]);
  });

  test('runs twice, asks once; the model of one gate is the base of the next and is not asked again', async () => {
    const { deps, jobs } = await probing(() => PROSE);
    const first = await gate(deps, 'w1');
    expect(await gate(deps, 'w1')).toEqual(first);
    expect(jobs).toHaveLength(1);
    await gate(deps, 'w2', 'w1');
    expect(jobs.slice(1).map(({ models }) => models.map(({ identity }) => identity))).toEqual([['w2']]);
  });

  test('another limit asks nothing anew, and another sampling does', async () => {
    const { deps } = await probing(() => '');
    expect((await gate(deps, 'w1')).passed).toBe(false);
    const lenient = await probing(() => '', ['gates.model.maxDegenerateFraction=1', 'gates.model.promote=always']);
    expect(await gate(lenient.deps, 'w1')).toMatchObject({ passed: true });
    expect(lenient.jobs).toEqual([]);
    const warmer = await probing(() => PROSE, ['gates.model.sampling.temperature=1']);
    expect(await gate(warmer.deps, 'w1')).toMatchObject({ passed: true });
    expect(warmer.jobs).toHaveLength(1);
  });

  test('a model that cannot be loaded fails with what the probe said, and leaves no answers', async () => {
    const { deps, launcher } = await probing(() => PROSE);
    launcher.submit = async (job) => writeFile(join(job.folder, 'trainer.log'), 'Transformers cannot load /models/w1');
    launcher.state = async () => ({ state: 'ended', exitCode: 2 });
    await expect(gate(deps, 'w1')).rejects.toMatchObject({
      ...{ type: 'Trainer.JobInvalid', nonRetryable: true },
      message: expect.stringContaining('Transformers cannot load /models/w1'),
    });
    await expect(readdir(join(folder, 'probes'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
