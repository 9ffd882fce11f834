import { join, resolve } from 'node:path';
import { findJson } from '../../activities/io/store/json.ts';
import { PROJECT } from '../../configs/env.ts';
import { ConfigError } from '../../configs/load.ts';
import type { RunConfig } from '../../configs/schema.ts';
import { isUnjudged } from '../../domain/evaluation.ts';
import { fingerprint8 } from '../../domain/fingerprint.ts';
import { scoresKey } from '../../domain/keys.ts';
import { RunScores, type EvaluationScores } from '../../domain/schemas/evaluation.ts';
import { withSession } from '../connect.ts';
import { readModels, type NamedModels, type TypedModels } from '../evaluated-models.ts';
import { loadEvaluation } from '../evaluation-config.ts';
import type { LoadedConfig } from '../estimate.ts';
import { CommandError, EXIT } from '../exit.ts';
import { EVALUATION_FIELDS } from '../input-fields.ts';
import { judgingOverrides, type TypedJudging } from '../judging-options.ts';
import { locateModel } from '../locate-model.ts';
import { readPriority } from '../priority.ts';
import { checkRunId } from '../runs.ts';
import { scoreTable } from '../score-table.ts';
import { startRun, tellStarted } from '../start-run.ts';
import { checkDryRun, tellEstimate } from '../tell-estimate.ts';
import { printableJson } from '../terminal.ts';
import { isElsewhere, readInputs, type Input } from '../upload-inputs.ts';
import { status } from './status.ts';

export interface EvaluateOptions extends TypedModels, TypedJudging {
  readonly benchmark?: string;
  readonly calibration?: string;
  readonly run?: string;
  readonly config?: string;
  readonly set: readonly string[];
  readonly watch?: boolean;
  readonly dryRun?: boolean;
  readonly assume: readonly string[];
  readonly priority?: string;
  readonly json?: boolean;
}

/** Evaluates models without a pipeline. The same command again says that it runs or is finished, and costs nothing. */
export async function evaluate(options: EvaluateOptions): Promise<number> {
  if (options.run !== undefined) checkRunId(options.run);
  const priority = readPriority(options.priority);
  const read = await readEvaluation(options, readModels(options));
  checkDryRun(options);
  if (options.dryRun) {
    const { run: id, assume, json = false } = options;
    return tellEstimate(read.loaded, { run: id, walk: {}, assume, json });
  }
  const run = await withSession(async (session) => {
    await session.store.check();
    const { alone } = read.config.evaluation;
    const models: Record<string, string> = {};
    for (const [name, place] of Object.entries(alone!.models)) models[name] = await locateModel(session.store, place);
    const config: RunConfig = {
      ...read.config,
      evaluation: { ...read.config.evaluation, alone: { ...alone!, models } },
    };
    const id = options.run ?? `evaluate-${fingerprint8(config)}`;
    const state = await startRun(session, id, { inputs: read.inputs, config }, priority);
    tellStarted(id, state, options.json ?? false);
    return id;
  });
  if (!options.watch) return EXIT.done;
  const code = await status(run, options.json ? { watch: true, json: true } : { watch: true });
  return code === EXIT.done ? printScores(run, options.json ?? false) : code;
}

/** Prints the scores of a run that ended well; one that scored nothing at all has failed its purpose. */
async function printScores(run: string, json: boolean): Promise<number> {
  const scores = await withSession(({ store }) => findJson(store, scoresKey(run), RunScores));
  if (!scores) return EXIT.done;
  if (!json) for (const line of scoreTable(scores)) console.log(line);
  else {
    const evaluations = scores.evaluations.map(({ model, identity, overall }) => ({ model, identity, overall }));
    console.log(printableJson({ run, evaluations, comparisons: scores.comparisons }));
  }
  const measured = (one: EvaluationScores) => (isUnjudged(one) ? one.overall.lengthScore : one.overall.qualityScore);
  if (scores.evaluations.some((one) => measured(one).n > 0)) return EXIT.done;
  throw new CommandError(EXIT.failed, `run ${run} scored nothing: ${unscoredReasons(scores)}`);
}

function unscoredReasons({ evaluations }: RunScores): string {
  const told = evaluations.map(({ model, overall }) => {
    const reasons = Object.entries(overall.unscoredReasons).map(([reason, count]) => `${count} ${reason}`);
    return `of ${overall.completions} completions of ${model} ${reasons.join(', ') || 'none was judged'}`;
  });
  return told.join('; ');
}

/** The frozen configuration, and the files with their rows checked. Fails with ConfigError, one line. */
async function readEvaluation(
  options: EvaluateOptions,
  { models, endpoints, predictions }: NamedModels,
): Promise<{ config: RunConfig; inputs: Input[]; loaded: LoadedConfig }> {
  const { config = join(PROJECT, 'configs/evaluate.yaml') } = options;
  const here = (file: string): string => (isElsewhere(file) ? file : resolve(file));
  const files = Object.fromEntries(Object.entries(predictions).map(([name, file]) => [name, here(file)]));
  const alone = { models, predictions: files };
  const given = [
    ...Object.entries(endpoints).map(([name, one]) => `evaluation.endpoints.${name}=${JSON.stringify(one)}`),
    ...judgingOverrides(options),
    ...Object.entries({
      benchmark: options.benchmark && here(options.benchmark),
      calibration: options.calibration && here(options.calibration),
    }).flatMap(([key, value]) => (value === undefined ? [] : [`evaluation.${key}=${JSON.stringify(value)}`])),
  ];
  try {
    const loaded = await loadEvaluation(config, [...given, ...options.set], alone, options.set);
    return { ...(await readInputs(loaded, config, EVALUATION_FIELDS)), loaded: { config: loaded, file: config } };
  } catch (error) {
    if (error instanceof ConfigError) throw new ConfigError(inOptions(error.message, config, options));
    throw error;
  }
}

/** A message about the configuration in the words of the command line, where what it is about was typed. */
function inOptions(message: string, config: string, { benchmark, calibration, predictions }: EvaluateOptions): string {
  let said = message;
  if (benchmark !== undefined) said = said.replace(`${config}: evaluation.benchmark`, '--benchmark');
  if (calibration !== undefined) said = said.replace(`${config}: evaluation.calibration`, '--calibration');
  if (predictions.length > 0)
    said = said.replace(/^.*: evaluation\.alone\.predictions\.([a-z0-9-]+)/, '--predictions $1');
  return said;
}
