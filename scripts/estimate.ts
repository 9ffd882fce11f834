import type { Endpoint, RunConfig } from '../configs/schema.ts';
import { priceOf } from '../domain/cost.ts';
import { ESTIMATES, type EstimatedRun } from '../domain/estimate-stages.ts';
import { addEstimates, type EstimatedEndpoint, type StageEstimate } from '../domain/estimate.ts';
import { STAGES, type Stage } from '../domain/names.ts';
import { pairJudgements } from '../domain/preference.ts';
import { assumptionsOf, type Assumed } from './assumptions.ts';
import { countFiles, type CountedFiles } from './estimate-files.ts';
import { isWithin, walkAlone } from './runs.ts';

/** What a run would take, as far as a configuration and its files tell it. */
export interface RunEstimate {
  readonly stages: readonly StageEstimate[];
  readonly total: StageEstimate;
  /** What the files hold, before anything is left out. */
  readonly counted: {
    readonly instructions: number;
    readonly imported: number;
    readonly rows: number;
    readonly prompts: number;
  };
  readonly assumed: readonly Assumed[];
}

/** A configuration as it was read, with its own file. */
export interface LoadedConfig {
  readonly config: RunConfig;
  readonly file: string;
}

/** Estimates the stages of a walk. Reads the files of the configuration, and writes nothing; needs no server and no key. */
export async function estimateRun(
  { config, file }: LoadedConfig,
  walk: { readonly from?: Stage; readonly until?: Stage },
  assume: readonly string[],
): Promise<RunEstimate> {
  const files = await countFiles(config, file);
  const { from, until } = { from: STAGES[0], until: STAGES.at(-1)!, ...walkAlone(config), ...walk };
  const walked = STAGES.filter((stage) => isWithin({ from, until }, stage));
  const { assumed, list } = assumptionsOf(config, files, walked, assume);
  const run = estimatedRun(config, files, assumed.words);
  const stages = walked.map((stage) => ESTIMATES[stage](run, assumed));
  const [first, ...others] = stages;
  return {
    stages,
    total: addEstimates(first!, ...others),
    counted: {
      instructions: files.texts.count,
      imported: files.imported,
      rows: files.rows.count,
      prompts: files.benchmark.count,
    },
    assumed: list,
  };
}

function estimatedRun(config: RunConfig, files: CountedFiles, words: number): EstimatedRun {
  const { instructions, generation, training, preferences, judge, dataset } = config;
  const endpoint = endpointsOf(config);
  const { alone } = training;
  // A pair holds two answers, and is estimated as two texts.
  const rowTokens = alone?.method === 'dpo' ? files.rows.tokens / 2 : files.rows.tokens;
  const { min, max } = generation.plan.sectionWords;
  return {
    writer: endpoint(config.endpoints.writer),
    judge: endpoint(config.endpoints.judge),
    served: endpoint(undefined),
    candidates: instructions.model && {
      count: files.candidates,
      promptTokens: files.texts.promptTokens,
      endpoint: endpoint(config.endpoints[instructions.model.endpoint]),
    },
    texts: alone
      ? { count: files.rows.count, promptTokens: rowTokens, words: 0 }
      : { count: files.texts.count, promptTokens: files.texts.promptTokens, words },
    plan: {
      minSections: generation.plan.sections.min,
      maxSections: generation.plan.sections.max,
      sectionWords: (min + max) / 2,
    },
    planMaxTokens: generation.plan.sampling.maxTokens,
    sectionMaxTokens: generation.section.sampling.maxTokens,
    imported: files.imported,
    testFraction: alone ? 0 : dataset.testFraction,
    generalRows: files.generalRows,
    generalPairs: files.generalPairs,
    sft: training.sft,
    dpo: training.dpo,
    preferences: {
      prompts: alone ? Infinity : preferences.prompts,
      steps: preferences.steps,
      completions: preferences.completions,
      judgements: pairJudgements(preferences.lengthWeight),
      level: preferences.level,
      maxTokens: preferences.sampling.maxTokens,
    },
    judging: { windowWords: judge.windowWords, maxTokens: judge.sampling.maxTokens },
    evaluation: evaluationOf(config, files, endpoint),
  };
}

type EndpointEstimate = (endpoint: Endpoint | undefined) => EstimatedEndpoint;

function evaluationOf(
  { evaluation }: RunConfig,
  { benchmark, given }: CountedFiles,
  endpoint: EndpointEstimate,
): EstimatedRun['evaluation'] {
  const { alone, models, endpoints, completions, judgements, positionWords, sampling } = evaluation;
  const served = alone ? Object.keys(alone.models) : models;
  return {
    prompts: benchmark,
    ...{ completions, judgements, positionWords },
    maxTokens: sampling.maxTokens,
    models: [...served.map(() => endpoint(undefined)), ...Object.values(endpoints).map(endpoint)],
    given,
  };
}

/** An endpoint with its price; undefined is the model that the run serves itself. */
function endpointsOf(config: RunConfig): EndpointEstimate {
  return (endpoint) => {
    const { inFlight, requestsPerMinute, tokensPerMinute } = (endpoint ?? config.endpoints.served).limits;
    const price = endpoint ? priceOf(config, `${endpoint.provider}/${endpoint.model}`) : priceOf(config, 'hub:served');
    return { inFlight, requestsPerMinute, tokensPerMinute, price, isServed: endpoint === undefined };
  };
}
