import { ConfigError, loadConfig, parseConfig } from '../configs/load.ts';
import type { RunConfig } from '../configs/schema.ts';
import { EMBEDDED } from '../domain/names.ts';

/** What a training alone is given besides its configuration. */
export interface GivenTraining {
  readonly method: 'sft' | 'dpo';
  /** The file of its rows. */
  readonly data: string;
  readonly model: string;
}

/** What the schema asks for and a training alone has no use for. */
const NOT_USED = {
  endpoints: {
    writer: { model: 'not used', baseUrl: EMBEDDED },
    judge: { model: 'not used', baseUrl: EMBEDDED },
  },
  evaluation: { benchmark: 'not used' },
};

/**
 * The configuration of a training that is made alone: of a run's file only how to train, for its method, the gate behind
 * that, and the seed. The file may lack everything else. Fails with ConfigError as `loadConfig` does, and on an override of another part.
 */
export async function loadTraining(
  file: string,
  overrides: readonly string[],
  { method, data, model }: GivenTraining,
): Promise<RunConfig> {
  const other = method === 'sft' ? 'dpo' : 'sft';
  const foreign = overrides.find(
    (text) => !/^(?:seed=|training\.|gates\.model\.)/.test(text) || text.startsWith(`training.${other}`),
  );
  if (foreign !== undefined)
    throw new ConfigError(
      `--set ${foreign}: a training alone reads seed, training.* and gates.model.* only, and nothing of ${other}`,
    );
  const given = { baseModel: model, alone: { method, data } };
  const set = Object.entries(given).map(([key, value]) => `training.${key}=${JSON.stringify(value)}`);
  const whole = await loadConfig(file, [...overrides, ...set], NOT_USED, overrides);
  const { [other]: _, ...training } = whole.training;
  return parseConfig({ ...NOT_USED, seed: whole.seed, training, gates: { model: whole.gates.model } }, file);
}
