import type { RunConfig } from '../configs/schema.ts';
import { amountOf, budgetOf, callCost, mostTokens, priceOf } from '../domain/cost.ts';
import { limitsFor } from '../domain/plan.ts';
import { taskOf } from '../domain/prompts.ts';
import type { Instruction } from '../domain/schemas/instruction.ts';
import type { Retry } from '../domain/schemas/run.ts';
import { modelIdentity } from './run-files.ts';

/** Tokens that our own words in a prompt, a note on a refused draw included, surely do not exceed. */
const PROMPT_TOKENS = 1000;

/** Tokens of one plan line as the writer is shown it again. */
const LINE_TOKENS = 200;

/**
 * What a sample may cost at most before anything of it is asked, in the unit of the run's budget; undefined where there is
 * none. Every draw is counted as if it were needed, each answer as long as its limit, and nothing as cached.
 */
export function sampleBound(config: RunConfig, instruction: Instruction, retry: Retry): number | undefined {
  const meter = meterOf(config, 'writer');
  if (!meter) return undefined;
  const { plan, maxDraws } = config.generation;
  const most = limitsFor(plan, instruction.length).sections.max;
  const draws = maxDraws * (1 + retry.draws);
  const planning = draws * meter(PROMPT_TOKENS + mostTokens(taskOf(instruction)), plan.sampling.maxTokens);
  return planning + plannedBound(config, instruction, most, draws)!;
}

/** What the sections of a plan may cost at most; undefined where the run has no budget. */
export function plannedBound(
  config: RunConfig,
  instruction: Instruction,
  sections: number,
  draws: number,
): number | undefined {
  const meter = meterOf(config, 'writer');
  if (!meter) return undefined;
  const { sampling, summarySampling, overflow, windowTokens = Number.POSITIVE_INFINITY } = config.generation.section;
  const head = PROMPT_TOKENS + mostTokens(taskOf(instruction)) + sections * LINE_TOKENS;
  let total = 0;
  for (let index = 0; index < sections; index++) {
    const prompt = Math.min(windowTokens, head + index * sampling.maxTokens);
    total += draws * meter(prompt, sampling.maxTokens);
    if (overflow === 'summarize') total += draws * meter(prompt, summarySampling.maxTokens);
  }
  return total;
}

/** What one judgement may cost at most, its draws included. */
export function judgementBound(config: RunConfig): number | undefined {
  const { maxWords, sampling, maxDraws } = config.judge;
  // A word of many letters, or a Chinese character, takes up to four tokens or so.
  return timed(maxDraws, meterOf(config, 'judge')?.(PROMPT_TOKENS + 4 * maxWords, sampling.maxTokens));
}

/** What one completion of a served model may cost at most. */
export function completionBound(
  config: RunConfig,
  purpose: 'preferences' | 'evaluation',
  prompt: string,
): number | undefined {
  return meterOf(config, 'served')?.(mostTokens(prompt), config[purpose].sampling.maxTokens);
}

const timed = (times: number, amount: number | undefined): number | undefined =>
  amount === undefined ? undefined : times * amount;

/** Turns tokens of a prompt and an answer into an amount of the run's budget; undefined where it has none. */
function meterOf(
  config: RunConfig,
  endpoint: 'writer' | 'judge' | 'served',
): ((promptTokens: number, completionTokens: number) => number) | undefined {
  const budget = budgetOf(config.budget);
  if (!budget) return undefined;
  const price = priceOf(config, endpoint === 'served' ? endpoint : modelIdentity(config, endpoint));
  return (promptTokens, completionTokens) =>
    amountOf(callCost({ promptTokens, cachedTokens: 0, completionTokens }, price), budget.unit);
}
