import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Store } from '../activities/io/store/store.ts';
import { PROJECT } from '../configs/env.ts';
import { ConfigError } from '../configs/load.ts';
import type { RunConfig } from '../configs/schema.ts';
import { readModels } from './evaluated-models.ts';
import { loadEvaluation, type GivenEvaluation } from './evaluation-config.ts';
import { CommandError, EXIT } from './exit.ts';
import { EVALUATION_FIELDS } from './input-fields.ts';
import { judgingOverrides, type TypedJudging } from './judging-options.ts';
import { locateModel } from './locate-model.ts';
import { checkRunId, findConfig } from './runs.ts';
import { isElsewhere, readInputs, type Input } from './upload-inputs.ts';

/** What each firing of a schedule evaluates, as a person typed it. */
export interface TypedFiring extends TypedJudging {
  readonly run?: string;
  readonly model: readonly string[];
  readonly endpoint: readonly string[];
  readonly endpointKeyEnv: readonly string[];
  readonly benchmark?: string;
  readonly calibration?: string;
  readonly config?: string;
  readonly set: readonly string[];
}

/**
 * The configuration of a schedule's firings: how to ask, serve and judge is a run's newest where one is named, else a file's.
 *
 * Fails with exit code 4 where there is no such run or model of it, with 2 or ConfigError, one line, on other bad input.
 * @param waitLimitMinutes minutes until a served model must be up
 */
export async function readFiring(
  store: Store,
  typed: TypedFiring,
  firing: NonNullable<GivenEvaluation['firing']>,
  waitLimitMinutes: number,
): Promise<{ readonly config: RunConfig; readonly inputs: readonly Input[] }> {
  const { run } = typed;
  if (run !== undefined && typed.config !== undefined)
    throw new CommandError(EXIT.usage, '--config: what to ask, serve and judge by is that of --run; give one of both');
  const named = readModels({ ...typed, model: typed.model.map((text) => modelOf(run, text)), predictions: [] });
  const models: Record<string, string> = {};
  for (const [name, place] of Object.entries(named.models)) models[name] = await locateModel(store, place);
  const overrides = [
    'evaluation.endpoints={}',
    ...Object.entries({
      ...Object.fromEntries(Object.entries(named.endpoints).map(([name, one]) => [`endpoints.${name}`, one])),
      benchmark: typed.benchmark && here(typed.benchmark),
      calibration: typed.calibration && here(typed.calibration),
      waitLimitMinutes,
    }).flatMap(([key, value]) => (value === undefined ? [] : [`evaluation.${key}=${JSON.stringify(value)}`])),
    ...judgingOverrides(typed),
    ...typed.set,
  ];
  const alone = { models, predictions: {}, firing };
  if (run !== undefined) return fromRun(store, run, typed, overrides, alone);
  const file = typed.config ?? join(PROJECT, 'configs/evaluate.yaml');
  return readInputs(await loadEvaluation(file, overrides, alone, typed.set), file, EVALUATION_FIELDS);
}

const here = (file: string): string => (isElsewhere(file) ? file : resolve(file));

/** `dpo` beside `--run demo` is demo:dpo under the name dpo. */
function modelOf(run: string | undefined, text: string): string {
  const isStage = /^(?:base|sft|dpo)$/.test(text);
  if (isStage && run === undefined)
    throw new CommandError(EXIT.usage, `--model ${text}: of which run? give --run, or write RUN:${text}`);
  return isStage ? `${text}=${run}:${text}` : text;
}

/** From the newest configuration of a run, whose files are in the store already. */
async function fromRun(
  store: Store,
  run: string,
  { benchmark, calibration, set }: TypedFiring,
  overrides: readonly string[],
  alone: GivenEvaluation,
): Promise<{ readonly config: RunConfig; readonly inputs: readonly Input[] }> {
  checkRunId(run);
  const found = await findConfig(store, run);
  if (!found) throw new CommandError(EXIT.noSuchRun, `there is no run ${run} in store ${store.url}`);
  const { alone: _, ...evaluation } = found.config.evaluation;
  // The run's budget was for the run: firings would use it up one after the other.
  const { budget: __, ...config } = found.config;
  // They tell of the run's own benchmark.
  if (benchmark !== undefined) {
    delete evaluation.sha256;
    delete evaluation.name;
  }
  const folder = await mkdtemp(join(tmpdir(), 'longwriter-'));
  const file = join(folder, 'config.json');
  try {
    await writeFile(file, JSON.stringify({ ...config, evaluation }));
    const given = { 'evaluation.benchmark': benchmark, 'evaluation.calibration': calibration };
    const isNew = (at: string): boolean =>
      Object.entries(given).some(([key, value]) => key === at && value !== undefined) ||
      set.some((text) => text.startsWith(`${at}=`));
    const fields = EVALUATION_FIELDS.filter(({ at }) => isNew(at));
    return await readInputs(await loadEvaluation(file, overrides, alone, set), file, fields);
  } catch (error) {
    if (error instanceof ConfigError) throw new ConfigError(error.message.replaceAll(file, `run ${run}`));
    throw error;
  } finally {
    await rm(folder, { recursive: true });
  }
}
