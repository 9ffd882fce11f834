import { join, resolve } from 'node:path';
import { PROJECT } from '../../configs/env.ts';
import { ConfigError } from '../../configs/load.ts';
import type { RunConfig } from '../../configs/schema.ts';
import { fingerprint8 } from '../../domain/fingerprint.ts';
import { withSession } from '../connect.ts';
import type { LoadedConfig } from '../estimate.ts';
import { EXIT } from '../exit.ts';
import { oneOf } from '../one-of.ts';
import { TRAINING_FIELDS } from '../input-fields.ts';
import { locateModel } from '../locate-model.ts';
import { readPriority } from '../priority.ts';
import { checkRunId } from '../runs.ts';
import { startRun, tellStarted } from '../start-run.ts';
import { checkDryRun, tellEstimate } from '../tell-estimate.ts';
import { loadTraining } from '../training-config.ts';
import { readInputs, type Input } from '../upload-inputs.ts';
import { status } from './status.ts';

export interface TrainOptions {
  readonly method: string;
  readonly data: string;
  readonly model: string;
  readonly run?: string;
  readonly config?: string;
  readonly set: readonly string[];
  readonly watch?: boolean;
  readonly dryRun?: boolean;
  readonly assume: readonly string[];
  readonly priority?: string;
  readonly json?: boolean;
}

/** Trains a model on a file of rows, without the other stages. The same command again says that it runs or is finished. */
export async function train(options: TrainOptions): Promise<number> {
  const priority = readPriority(options.priority);
  const read = await readTraining(options, oneOf('--method', options.method, ['sft', 'dpo']));
  checkDryRun(options);
  if (options.dryRun) {
    const { run: id, assume, json = false } = options;
    return tellEstimate(read.loaded, { run: id, walk: {}, assume, json });
  }
  const run = await withSession(async (session) => {
    await session.store.check();
    const baseModel = await locateModel(session.store, options.model);
    const config: RunConfig = { ...read.config, training: { ...read.config.training, baseModel } };
    const id = options.run ?? `${options.method}-${fingerprint8(config)}`;
    const state = await startRun(session, id, { inputs: read.inputs, config }, priority);
    tellStarted(id, state, options.json ?? false);
    return id;
  });
  return options.watch ? status(run, options.json ? { watch: true, json: true } : { watch: true }) : EXIT.done;
}

/** The frozen configuration, and the file with its rows checked. Fails with ConfigError, one line. */
async function readTraining(
  { data, model, run, config = join(PROJECT, 'configs/train.yaml'), set }: TrainOptions,
  method: 'sft' | 'dpo',
): Promise<{ config: RunConfig; inputs: Input[]; loaded: LoadedConfig }> {
  if (run !== undefined) checkRunId(run);
  const file = data.startsWith('gs://') ? data : resolve(data);
  const loaded = await loadTraining(config, set, { method, data: file, model });
  try {
    return { ...(await readInputs(loaded, config, TRAINING_FIELDS)), loaded: { config: loaded, file: config } };
  } catch (error) {
    if (error instanceof ConfigError)
      throw new ConfigError(error.message.replace(`${config}: training.alone.data`, '--data'));
    throw error;
  }
}
