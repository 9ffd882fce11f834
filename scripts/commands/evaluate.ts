import { join, resolve } from 'node:path';
import { findJson } from '../../activities/io/store/json.ts';
import { PROJECT } from '../../configs/env.ts';
import { ConfigError } from '../../configs/load.ts';
import type { RunConfig } from '../../configs/schema.ts';
import { fingerprint8 } from '../../domain/fingerprint.ts';
import { scoresKey } from '../../domain/keys.ts';
import { RunScores } from '../../domain/schemas/evaluation.ts';
import { withSession } from '../connect.ts';
import { providerOf, readModels, type NamedModels, type TypedModels } from '../evaluated-models.ts';
import { loadEvaluation } from '../evaluation-config.ts';
import { CommandError, EXIT } from '../exit.ts';
import { EVALUATION_FIELDS } from '../input-fields.ts';
import { locateModel } from '../locate-model.ts';
import { checkRunId } from '../runs.ts';
import { scoreTable } from '../score-table.ts';
import { startRun, tellStarted } from '../start-run.ts';
import { printableJson } from '../terminal.ts';
import { isElsewhere, readInputs, type Input } from '../upload-inputs.ts';
import { status } from './status.ts';

export interface EvaluateOptions extends TypedModels {
  readonly benchmark?: string;
  readonly sha256?: string;
  readonly calibration?: string;
  readonly judgeUrl?: string;
  readonly judgeModel?: string;
  readonly judgeKeyEnv?: string;
  readonly completions?: string;
  readonly judgements?: string;
  readonly limit?: string;
  readonly run?: string;
  readonly config?: string;
  readonly set: readonly string[];
  readonly watch?: boolean;
  readonly json?: boolean;
}

/** Evaluates models without a pipeline. The same command again says that it runs or is finished, and costs nothing. */
export async function evaluate(options: EvaluateOptions): Promise<number> {
  if (options.run !== undefined) checkRunId(options.run);
  const read = await readEvaluation(options, readModels(options));
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
    const state = await startRun(session, id, { ...read, config }, {});
    tellStarted(id, state, options.json ?? false);
    return id;
  });
  if (!options.watch) return EXIT.done;
  const code = await status(run, options.json ? { watch: true, json: true } : { watch: true });
  if (code === EXIT.done) await printScores(run, options.json ?? false);
  return code;
}

async function printScores(run: string, json: boolean): Promise<void> {
  const scores = await withSession(({ store }) => findJson(store, scoresKey(run), RunScores));
  if (!scores) return;
  if (!json) for (const line of scoreTable(scores)) console.log(line);
  else {
    const evaluations = scores.evaluations.map(({ model, identity, overall }) => ({ model, identity, overall }));
    console.log(printableJson({ run, evaluations, comparisons: scores.comparisons }));
  }
}

/** The frozen configuration, and the files with their rows checked. Fails with ConfigError, one line. */
async function readEvaluation(
  options: EvaluateOptions,
  { models, endpoints, predictions }: NamedModels,
): Promise<{ config: RunConfig; inputs: Input[] }> {
  const { config = join(PROJECT, 'configs/evaluate.yaml') } = options;
  const here = (file: string): string => (isElsewhere(file) ? file : resolve(file));
  const files = Object.fromEntries(Object.entries(predictions).map(([name, file]) => [name, here(file)]));
  const alone = { models, predictions: files };
  const given = [
    ...Object.entries(endpoints).map(([name, one]) => `evaluation.endpoints.${name}=${JSON.stringify(one)}`),
    ...judgeOverrides(options),
    ...Object.entries({
      benchmark: options.benchmark && here(options.benchmark),
      sha256: options.sha256?.toLowerCase(),
      calibration: options.calibration && here(options.calibration),
      completions: countOf(options, 'completions'),
      judgements: countOf(options, 'judgements'),
      limit: countOf(options, 'limit'),
    }).flatMap(([key, value]) => (value === undefined ? [] : [`evaluation.${key}=${JSON.stringify(value)}`])),
  ];
  try {
    return await readInputs(await loadEvaluation(config, [...given, ...options.set], alone), config, EVALUATION_FIELDS);
  } catch (error) {
    if (error instanceof ConfigError) throw new ConfigError(inOptions(error.message, config, options));
    throw error;
  }
}

/** The judge that was typed: another address has another key, and never gets the one of the configuration. */
function judgeOverrides({ judgeUrl, judgeModel, judgeKeyEnv }: EvaluateOptions): string[] {
  if (judgeUrl === undefined)
    return Object.entries({ model: judgeModel, apiKeyEnv: judgeKeyEnv }).flatMap(([key, value]) =>
      value === undefined ? [] : [`endpoints.judge.${key}=${JSON.stringify(value)}`],
    );
  if (judgeModel === undefined) throw new CommandError(EXIT.usage, '--judge-url needs --judge-model, its name there');
  const judge = {
    provider: providerOf(judgeUrl),
    model: judgeModel,
    baseUrl: judgeUrl,
    ...(judgeKeyEnv ? { apiKeyEnv: judgeKeyEnv } : {}),
  };
  return [`endpoints.judge=${JSON.stringify(judge)}`];
}

function countOf(options: EvaluateOptions, name: 'completions' | 'judgements' | 'limit'): number | undefined {
  const text = options[name];
  if (text === undefined || /^[1-9]\d{0,8}$/.test(text)) return text === undefined ? undefined : Number(text);
  throw new CommandError(EXIT.usage, `--${name} ${text}: expected a whole number above 0`);
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
