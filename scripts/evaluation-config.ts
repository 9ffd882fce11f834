import { ConfigError, loadConfig, parseConfig } from '../configs/load.ts';
import type { RunConfig } from '../configs/schema.ts';
import { EMBEDDED } from '../domain/names.ts';

/** What an evaluation alone is given: its `evaluation.alone`. */
export type GivenEvaluation = NonNullable<RunConfig['evaluation']['alone']>;

/** What the schema asks for and an evaluation alone has no use for. */
const NOT_USED = {
  writer: { model: 'not used', baseUrl: EMBEDDED },
  training: { baseModel: 'not used' },
};

/** What counts of a configuration, by its keys. */
const COUNTS =
  /^(?:(?:seed|prices|budget|judge|serving|endpoints\.(?:judge|served)|prompts\.judge|generation\.(?:window|partitionSize))(?=[.=])|evaluation\.(?!alone|models))/;

/**
 * The configuration of an evaluation that is made alone: of a run's file only how to ask, serve and judge. The file may lack
 * everything else. Fails with ConfigError as `loadConfig` does, and on an override of another part.
 *
 * @param typed those of the overrides that a person typed
 */
export async function loadEvaluation(
  file: string,
  overrides: readonly string[],
  alone: GivenEvaluation,
  typed: readonly string[] = overrides,
): Promise<RunConfig> {
  const foreign = overrides.find((text) => !COUNTS.test(text));
  if (foreign !== undefined)
    throw new ConfigError(
      `--set ${foreign}: an evaluation alone reads seed, judge, evaluation, endpoints.judge, endpoints.served, ` +
        'prompts.judge, serving, prices, budget, generation.window and generation.partitionSize only',
    );
  const unused = [`endpoints.writer=${JSON.stringify(NOT_USED.writer)}`, `evaluation.alone=${JSON.stringify(alone)}`];
  const whole = await loadConfig(file, [...overrides, ...unused], { training: NOT_USED.training }, typed);
  return evaluationAlone(whole, alone, file);
}

/**
 * What counts of a whole configuration for an evaluation of these models alone.
 * @param source names the configuration in messages
 */
export function evaluationAlone(whole: RunConfig, alone: GivenEvaluation, source: string): RunConfig {
  const { seed, prices, budget, judge, serving, generation, prompts, endpoints } = whole;
  // Which models of its own a run evaluates is nothing to this one.
  const { models: _, ...evaluation } = whole.evaluation;
  return parseConfig(
    {
      ...{ seed, prices, judge, serving },
      ...(budget ? { budget } : {}),
      generation: { window: generation.window, partitionSize: generation.partitionSize },
      prompts: prompts.judge === undefined ? {} : { judge: prompts.judge },
      endpoints: { writer: NOT_USED.writer, judge: endpoints.judge, served: endpoints.served },
      training: NOT_USED.training,
      evaluation: { ...evaluation, alone },
    },
    source,
  );
}
