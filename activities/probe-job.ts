import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunConfig } from '../configs/schema.ts';
import { fingerprint8 } from '../domain/fingerprint.ts';
import type { ProbeJob } from '../domain/schemas/probe.ts';
import type { ModelReference } from '../domain/schemas/run.ts';
import { writeChatTemplate } from './chat-template.ts';
import { fillCommand } from './command.ts';
import type { ActivityDeps } from './deps.ts';
import { fetchModel } from './fetch-model.ts';
import type { LaunchedJob } from './io/launcher/launcher.ts';
import { lifeCommand } from './life-command.ts';

/** A model to probe, and the store path of its answers, which is a fingerprint of everything that decides them. */
export interface ModelToProbe {
  readonly model: ModelReference;
  readonly key: string;
}

/** The file of a job in which the answers of one model will be. */
export const answersFile = (job: LaunchedJob, { key }: ModelToProbe): string =>
  join(job.folder, key.replaceAll('/', '-'));

/** Fetches the models to this node and writes the probe.json that asks them all in one job. */
export async function prepareProbe(
  deps: ActivityDeps,
  config: RunConfig,
  run: string,
  models: readonly ModelToProbe[],
  prompts: ProbeJob['prompts'],
): Promise<LaunchedJob> {
  const id = `${run}.probe.${fingerprint8(models.map(({ key }) => key))}`;
  const folder = join(deps.node.home, 'work', 'jobs', id);
  const file = join(folder, 'probe.json');
  const { sampling, batchSize, device, command } = config.gates.model;
  const filled = fillCommand(command, { ...deps.node.commandValues, job: file });
  const job: LaunchedJob = { id, folder, command: lifeCommand(filled) };
  await mkdir(folder, { recursive: true });
  const asked: ProbeJob['models'] = [];
  for (const one of models) {
    const path = await fetchModel(deps, one.model);
    asked.push({ identity: one.model.identity, path, output: answersFile(job, one) });
  }
  const probe: ProbeJob = {
    version: 1,
    run_id: run,
    job_id: id,
    models: asked,
    prompts,
    chat_template: (await writeChatTemplate(deps, config, folder))?.path ?? null,
    trust_remote_code: config.training.trustRemoteCode !== undefined,
    output_dir: folder,
    seed: config.seed,
    max_tokens: sampling.maxTokens,
    temperature: sampling.temperature,
    top_p: sampling.topP ?? null,
    repetition_penalty: sampling.repetitionPenalty,
    batch_size: batchSize,
    device,
  };
  await writeFile(file, JSON.stringify(probe, null, 2));
  return job;
}
