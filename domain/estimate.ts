import type { Price } from './cost.ts';
import type { Stage } from './names.ts';

/** What is assumed where neither a configuration nor its files say it; all of it is told with the estimate. */
export interface Assumptions {
  /** Words of a text. */
  readonly words: number;
  readonly tokensPerWord: number;
  /** Answers asked for, for each one accepted. */
  readonly draws: number;
  /** Tokens of a prompt beside the instruction, the plan and texts. */
  readonly templateTokens: number;
  /** Tokens of a plan for each of its sections. */
  readonly planTokens: number;
  /** Tokens of a judge's answer. */
  readonly judgeTokens: number;
  /** Tokens of a general SFT row, and of one of the two answers of a general pair. */
  readonly generalTokens: number;
  /** Workers that poll an endpoint's queue; calls in flight are those of one. */
  readonly workers: number;
  /** Tokens a second that an endpoint writes in one call. */
  readonly tokensPerSecond: number;
  /** Tokens a second that a served model writes in all of its calls together. */
  readonly servedTokensPerSecond: number;
  /** Parameters of the model that is trained; 0 where nothing says it. */
  readonly parameters: number;
  /** Floating-point operations a second that a GPU comes to in training, in 10^12. */
  readonly teraflops: number;
  /** GPUs that train, and GPUs that serve a model. */
  readonly trainingGpus: number;
  readonly servingGpus: number;
}

/** An endpoint as far as it decides how long calls take, and what they cost. */
export interface EstimatedEndpoint {
  readonly inFlight: number;
  readonly requestsPerMinute?: number | undefined;
  readonly tokensPerMinute?: number | undefined;
  /** Absent where the model has no price. */
  readonly price?: Price | undefined;
  /** Whether it is a model that a GPU node of ours serves. */
  readonly isServed: boolean;
}

/** A number of calls that are alike. */
export interface Calls {
  readonly calls: number;
  /** Tokens of all of them together. */
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** Tokens that are written one after the other at least: those of the sections of one text. */
  readonly chainTokens: number;
}

/** What a stage takes, about; at most, where a filter stands before it. */
export interface StageEstimate {
  readonly stage: Stage;
  readonly calls: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** Of the models that have a price. */
  readonly dollars: number;
  /** Calls to models without a price. */
  readonly unpricedCalls: number;
  /** Undefined where the size of the model is not known. */
  readonly seconds: number | undefined;
  readonly gpuHours: number | undefined;
}

/** What a stage that makes nothing expensive takes. */
export const nothing = (stage: Stage): StageEstimate => ({
  ...{ stage, calls: 0, promptTokens: 0, completionTokens: 0, dollars: 0, unpricedCalls: 0, seconds: 0, gpuHours: 0 },
});

/** The sum of estimates, under the name of the first; what is not known of one is not known of all. */
export function addEstimates(first: StageEstimate, ...others: readonly StageEstimate[]): StageEstimate {
  const plus = (a: number | undefined, b: number | undefined): number | undefined =>
    a === undefined || b === undefined ? undefined : a + b;
  return others.reduce(
    (sum, one) => ({
      stage: sum.stage,
      calls: sum.calls + one.calls,
      promptTokens: sum.promptTokens + one.promptTokens,
      completionTokens: sum.completionTokens + one.completionTokens,
      dollars: sum.dollars + one.dollars,
      unpricedCalls: sum.unpricedCalls + one.unpricedCalls,
      seconds: plus(sum.seconds, one.seconds),
      gpuHours: plus(sum.gpuHours, one.gpuHours),
    }),
    first,
  );
}

/**
 * What calls to an endpoint take. The time is the longest of what its limits on requests and on tokens allow, what its calls
 * in flight write, and the sections of one text one after the other; nothing comes from a provider's cache.
 */
export function callEstimate(
  stage: Stage,
  { calls, promptTokens, completionTokens, chainTokens }: Calls,
  { inFlight, requestsPerMinute, tokensPerMinute, price, isServed }: EstimatedEndpoint,
  assumed: Assumptions,
): StageEstimate {
  const atOnce = Math.min(calls, inFlight * assumed.workers) * assumed.tokensPerSecond;
  const rate = isServed ? Math.min(atOnce, assumed.servedTokensPerSecond) : atOnce;
  const limits = [
    completionTokens === 0 ? 0 : completionTokens / rate,
    chainTokens / assumed.tokensPerSecond,
    requestsPerMinute === undefined ? 0 : (60 * calls) / requestsPerMinute,
    tokensPerMinute === undefined ? 0 : (60 * (promptTokens + completionTokens)) / tokensPerMinute,
  ];
  const seconds = Math.max(...limits);
  const millionths = price ? promptTokens * price.prompt + completionTokens * price.completion : 0;
  return {
    ...{ stage, calls, promptTokens, completionTokens, seconds },
    dollars: millionths / 1e6,
    unpricedCalls: price ? 0 : calls,
    gpuHours: isServed ? (seconds / 3600) * assumed.servingGpus : 0,
  };
}

/**
 * What a training takes: 6 floating-point operations a parameter and token forwards and backwards, 2 more for a reference
 * model that only goes forwards.
 *
 * Source: Kaplan et al. 2020 (arXiv 2001.08361), section 2.1: C ≈ 6 N D.
 */
export function trainingEstimate(
  stage: Stage,
  tokens: number,
  hasReference: boolean,
  { parameters, teraflops, trainingGpus }: Assumptions,
): StageEstimate {
  if (parameters === 0) return { ...nothing(stage), seconds: undefined, gpuHours: undefined };
  const gpuSeconds = (parameters * tokens * (hasReference ? 8 : 6)) / (teraflops * 1e12);
  return { ...nothing(stage), seconds: gpuSeconds / trainingGpus, gpuHours: gpuSeconds / 3600 };
}
