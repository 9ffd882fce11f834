import { SpanKind, type Attributes } from '@opentelemetry/api';
import { cancellationDetails } from '@temporalio/activity';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fingerprint } from '../domain/fingerprint.ts';
import { trainingFolder } from '../domain/keys.ts';
import type { Manifest } from '../domain/schemas/dataset.ts';
import type { ModelReference } from '../domain/schemas/run.ts';
import { removeCheckpoints, uploadCheckpoint, uploadLastCheckpoint } from './checkpoints.ts';
import type { ActivityDeps } from './deps.ts';
import { failure } from './failures.ts';
import { findManifest, uploadFolder } from './folder.ts';
import { whileBeating } from './heartbeat.ts';
import { modelIdentityOf } from './identify-model.ts';
import type { LaunchedJob, Launcher } from './io/launcher/launcher.ts';
import { StoreError } from './io/store/store.ts';
import { pauseOnFullDisk } from './pause-on-full-disk.ts';
import type { RunReference } from './run-files.ts';
import { inSpan } from './spans.ts';
import { whileSubmitted, type JobCare } from './submitted-job.ts';
import { jobHyperparameters, prepareJob, uploadRecords } from './training-job.ts';
import { trainingReporter, type TrainingReporter } from './training-progress.ts';
import { hasModel, watchJob } from './watch-job.ts';

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

/**
 * Trains a model as a job on this GPU node and uploads what comes of it: each whole checkpoint while training goes on,
 * then the model. A training that is finished is found in the store, one that is running is watched, one that was cut off
 * goes on from its newest whole checkpoint. Fails with the Trainer.* failures; a full disk pauses the run.
 */
export function trainModel(deps: ActivityDeps, input: TrainModelInput): Promise<TrainedModel> {
  return pauseOnFullDisk(deps, input.run, () => findOrTrain(deps, input));
}

async function findOrTrain(deps: ActivityDeps, input: TrainModelInput): Promise<TrainedModel> {
  const progress = trainingReporter(deps.metrics, input);
  return whileBeating(async (signal, say) => {
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
      await progress.finished();
      return trained(input, folder, finished, data);
    }
    await deps.gate.waitUntilOpen(input.run, signal);
    await progress.handle('fetch');
    const job = await prepareJob(deps, config, { ...input, manifest: data, inputs, folder });
    if (!(await hasModel(job))) await launchAndWatch(deps, input, job, folder, signal, { progress, say });
    if (!(await hasModel(job)))
      throw failure(
        'Trainer.JobInvalid',
        `${job.id}: ended well and left no model; training.command must run the trainer`,
      );
    await progress.handle('upload');
    await uploadRecords(deps, job, folder);
    const model = await uploadFolder(deps.store, `${folder}/model`, join(job.folder, 'model'), inputs);
    await removeCheckpoints(deps, folder);
    await rm(join(job.folder, 'checkpoints'), { recursive: true, force: true });
    await progress.finished();
    return trained(input, folder, model, data);
  });
}

async function launchAndWatch(
  deps: ActivityDeps,
  input: TrainModelInput,
  job: LaunchedJob,
  folder: string,
  signal: AbortSignal,
  { progress, say }: { progress: TrainingReporter; say: (details: unknown) => void },
): Promise<void> {
  const config = await deps.files.config(input);
  const { keepCheckpoints } = config.training[input.method];
  const launched = deps.launchers(config.training.launcher);
  const outlivesWorker = launched.reach === 'cluster' || !deps.node.endsJobs;
  const care: JobCare = { graceMs: config.training.graceSeconds * 1000, outlivesWorker };
  const work = (launcher: Launcher) =>
    watchJob(launcher, job, {
      stallMs: config.training.stallMinutes * 60_000,
      signal,
      onEvent: async (event) => {
        progress.follow(event);
        if (event.event !== 'checkpoint-saved') return;
        if (await uploadCheckpoint(deps, folder, event.path, keepCheckpoints)) progress.uploaded(event.step);
      },
      onLook: async (state) => {
        await progress.look(state);
        say(progress.details());
      },
    });
  try {
    await inSpan(`train ${input.method}`, { kind: SpanKind.INTERNAL, attributes: spanOf(input, job) }, () =>
      whileSubmitted(launched, job, care, work),
    );
  } catch (error) {
    if (cancellationDetails()?.workerShutdown && !outlivesWorker) {
      await uploadLastCheckpoint(deps, job, folder, keepCheckpoints);
    }
    if (!signal.aborted) {
      await progress.stopped(error);
      // What it said of its end is worth having where nobody reaches the node; the error itself is worth more.
      await uploadRecords(deps, job, folder).catch(() => undefined);
    }
    throw error;
  }
}

const spanOf = ({ run, method }: TrainModelInput, { id }: LaunchedJob): Attributes => ({
  'longwriter.run': run,
  'longwriter.method': method,
  'longwriter.job': id,
});

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
