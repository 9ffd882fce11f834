import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Context } from '@temporalio/activity';
import { fingerprint } from '../domain/fingerprint.ts';
import { trainingFolder } from '../domain/keys.ts';
import type { Manifest } from '../domain/schemas/dataset.ts';
import type { ModelReference } from '../domain/schemas/run.ts';
import type { TrainerEvent } from '../domain/schemas/trainer.ts';
import { removeCheckpoints, uploadCheckpoint } from './checkpoints.ts';
import type { ActivityDeps } from './deps.ts';
import { findManifest, uploadFolder } from './folder.ts';
import { whileBeating } from './heartbeat.ts';
import { modelIdentityOf } from './identify-model.ts';
import type { LaunchedJob } from './io/launcher/launcher.ts';
import { StoreError } from './io/store/store.ts';
import type { RunReference } from './run-files.ts';
import { runJob } from './run-job.ts';
import { jobHyperparameters, prepareJob } from './training-job.ts';
import { hasModel } from './watch-job.ts';
import { PROGRESS_SIGNAL, type ProgressReport } from '../domain/progress.ts';

export interface TrainModelInput extends RunReference {
  readonly method: 'sft' | 'dpo';
  /** Store folder of the rows, with a manifest. */
  readonly data: string;
  readonly base: ModelReference;
}

/** A trained model, and the store folder with its events. */
export interface TrainedModel {
  readonly model: ModelReference;
  readonly folder: string;
  readonly rows: number;
}

/** Milliseconds that a cancelled trainer has to save a checkpoint. */
const GRACE_MS = 60_000;

/**
 * Trains a model as a job on this GPU node and uploads what comes of it: each whole checkpoint while training goes on,
 * then the model. A training that is finished is found in the store, one that is running is watched, one that was cut off
 * goes on from its newest whole checkpoint. Fails with the Trainer.* failures.
 */
export async function trainModel(deps: ActivityDeps, input: TrainModelInput): Promise<TrainedModel> {
  return whileBeating(async (signal) => {
    const config = await deps.files.config(input);
    const data = await findManifest(deps.store, input.data);
    if (!data) throw new StoreError('Missing', `${input.data} is not whole`);
    const inputs = fingerprint({
      method: input.method,
      data: data.inputs,
      base: input.base.identity,
      hyperparameters: jobHyperparameters(config, input.method),
      chatTemplate: config.training.chatTemplate ?? null,
      seed: config.seed,
    });
    const folder = trainingFolder(input.run, input.method, inputs.slice(0, 8));
    const finished = await findManifest(deps.store, `${folder}/model`);
    if (finished) {
      await removeCheckpoints(deps, folder);
      return trained(input, folder, finished, data);
    }
    const job = await prepareJob(deps, config, { ...input, manifest: data, inputs, folder });
    if (!(await hasModel(job))) await launchAndWatch(deps, input, job, folder, signal);
    for (const name of ['job.json', 'events.jsonl', 'trainer.log']) {
      // Copied by their bytes: a log is still appended to, and an upload may be a link.
      const bytes = await readFile(join(job.folder, name)).catch(() => undefined);
      if (bytes) await deps.store.putView(`${folder}/${name}`, bytes);
    }
    const model = await uploadFolder(deps.store, `${folder}/model`, join(job.folder, 'model'), inputs);
    await removeCheckpoints(deps, folder);
    await rm(join(job.folder, 'checkpoints'), { recursive: true, force: true });
    return trained(input, folder, model, data);
  });
}

async function launchAndWatch(
  deps: ActivityDeps,
  input: TrainModelInput,
  job: LaunchedJob,
  folder: string,
  signal: AbortSignal,
): Promise<void> {
  const config = await deps.files.config(input);
  const { keepCheckpoints } = config.training[input.method];
  const tell = progressReporter(input);
  await runJob(deps.launchers(config.training.launcher), job, {
    stallMs: config.training.stallMinutes * 60_000,
    graceMs: GRACE_MS,
    signal,
    onEvent: async (event) => {
      if (event.event === 'checkpoint-saved') await uploadCheckpoint(deps, folder, event.path, keepCheckpoints);
      if (event.event === 'step-end') await tell(event);
    },
  });
}

/** Tells the run about a step, a hundred times a training at most: an execution takes 10,000 signals, and no more. */
function progressReporter(input: TrainModelInput): (event: TrainerEvent & { event: 'step-end' }) => Promise<void> {
  let reported = 0;
  return async (event) => {
    const due = reported + Math.ceil(event.total_steps / 100);
    if (event.step < due && event.step !== event.total_steps) return;
    reported = event.step;
    await report(
      {
        stage: input.method,
        group: '',
        part: '',
        done: event.step,
        total: event.total_steps,
        detail: event.loss === null ? '' : `loss ${event.loss.toFixed(3)}`,
      },
      input.run,
    );
  };
}

async function report(progress: ProgressReport, run: string): Promise<void> {
  // Only for eyes: a run that is closed already needs none.
  await Context.current()
    .client.workflow.getHandle(run)
    .signal(PROGRESS_SIGNAL, progress)
    .catch(() => undefined);
}

function trained(input: TrainModelInput, folder: string, model: Manifest, data: Manifest): TrainedModel {
  return {
    folder,
    rows: data.files.find(({ rows }) => rows !== undefined)?.rows ?? 0,
    model: {
      name: input.method,
      identity: modelIdentityOf(model.files),
      location: { kind: 'store', folder: `${folder}/model` },
    },
  };
}
