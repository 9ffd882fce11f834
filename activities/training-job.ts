import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { RunConfig } from '../configs/schema.ts';
import type { Manifest } from '../domain/schemas/dataset.ts';
import type { ModelReference } from '../domain/schemas/run.ts';
import type { TrainerJob } from '../domain/schemas/trainer.ts';
import { writeChatTemplate } from './chat-template.ts';
import { fetchCheckpoint } from './checkpoints.ts';
import { fillCommand } from './command.ts';
import type { ActivityDeps } from './deps.ts';
import { fetchModel } from './fetch-model.ts';
import { downloadFolder } from './folder.ts';
import type { LaunchedJob } from './io/launcher/launcher.ts';
import { lifeCommand } from './life-command.ts';

/** What a job is made from. */
export interface JobInputs {
  readonly run: string;
  readonly method: 'sft' | 'dpo';
  readonly base: ModelReference;
  /** Store folder of the rows, and its manifest. */
  readonly data: string;
  readonly manifest: Manifest;
  /** Fingerprint of everything that decides the trained model. */
  readonly inputs: string;
  /** Store folder of the training. */
  readonly folder: string;
}

/** Fetches what a job needs to this node and writes its job.json. */
export async function prepareJob(deps: ActivityDeps, config: RunConfig, input: JobInputs): Promise<LaunchedJob> {
  const id = `${input.run}.${input.method}.${input.inputs.slice(0, 8)}`;
  const folder = join(deps.node.home, 'work', 'jobs', id);
  await mkdir(folder, { recursive: true });
  const dataFolder = join(folder, 'data');
  await downloadFolder(deps.store, input.data, dataFolder);
  const data = input.manifest.files.find(({ path, rows }) => rows !== undefined && path.endsWith('.jsonl'))!;
  const template = await writeChatTemplate(deps, config, folder);
  const job: TrainerJob = {
    version: 1,
    run_id: input.run,
    job_id: id,
    method: input.method,
    base_model: await fetchModel(deps, input.base),
    model_identity: input.base.identity,
    train_files: [join(dataFolder, basename(data.path))],
    output_dir: folder,
    seed: config.seed,
    resume_from: await fetchCheckpoint(deps, input.folder, folder),
    chat_template: template?.path ?? null,
    chat_template_sha256: template?.sha256 ?? null,
    trust_remote_code: config.training.trustRemoteCode !== undefined,
    report_to: config.training.reportTo,
    hyperparameters: jobHyperparameters(config, input.method),
  };
  const file = join(folder, 'job.json');
  await writeFile(`${file}.tmp`, JSON.stringify(job, null, 2));
  await rename(`${file}.tmp`, file);
  const values = { ...deps.node.commandValues, job: file };
  return { id, folder, command: lifeCommand(fillCommand(config.training.command, values)) };
}

/** Puts what a job was told and said beside its model, copied by bytes: a log is still appended to, an upload may be a link. */
export async function uploadRecords(deps: ActivityDeps, job: LaunchedJob, folder: string): Promise<void> {
  for (const name of ['job.json', 'events.jsonl', 'trainer.log']) {
    const bytes = await readFile(join(job.folder, name)).catch(() => undefined);
    if (bytes) await deps.store.putView(`${folder}/${name}`, bytes);
  }
}

/** Hyper-parameters in the trainer's own names: snake_case, one level, null for what is unset. */
export function jobHyperparameters(config: RunConfig, method: 'sft' | 'dpo'): TrainerJob['hyperparameters'] {
  const { lora, ...settings } = { maxSteps: undefined, ...config.training[method] };
  const flat = {
    ...settings,
    loraRank: lora?.rank,
    loraAlpha: lora?.alpha,
    loraDropout: lora?.dropout,
    loraTargets: lora?.targets,
  };
  return Object.fromEntries(
    Object.entries(flat).map(([name, value]) => [
      name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      value ?? null,
    ]),
  );
}
