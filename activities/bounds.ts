import type { RunConfig } from '../configs/schema.ts';
import { amountOf, budgetOf, callCost, mostTokens, priceOf } from '../domain/cost.ts';
import { POSITIONS } from '../domain/names.ts';
import { limitsFor } from '../domain/plan.ts';
import { taskOf } from '../domain/prompts.ts';
import type { JudgementName } from '../domain/schemas/completion.ts';
import type { Instruction } from '../domain/schemas/instruction.ts';
import type { Retry } from '../domain/schemas/run.ts';
import { wordsToRead } from '../domain/windows.ts';
import { judgedWindows } from './judge-completion.ts';
import { halvingsOf, piecesAtMost } from './judge-window.ts';
import { evaluatedEndpoint } from './evaluated-endpoint.ts';
import { modelIdentity, type RunFiles } from './run-files.ts';

/** Tokens that our own words in a prompt, a note on a refused draw included, surely do not exceed. */
const OUR_TOKENS = 1000;

/** Tokens of what stands around the task in any prompt of a run: our words, or those of the user's own files. */
export async function promptRoom(files: RunFiles, config: RunConfig): Promise<number> {
  const own = Object.values(config.prompts).filter((key) => key !== undefined);
  const texts = await Promise.all(own.map((key) => files.text(key)));
  return texts.reduce((sum, text) => sum + mostTokens(text), OUR_TOKENS);
}

/**
 * What a sample may cost at most before anything of it is asked, in the unit of the run's budget; undefined where there is
 * none. Every draw is counted as if it were needed, each answer as long as its limit, and nothing as cached.
 */
export function sampleBound(
  config: RunConfig,
  room: number,
  instruction: Instruction,
  retry: Retry,
): number | undefined {
  const meter = meterOf(config, 'writer');
  if (!meter) return undefined;
  const { plan, maxDraws } = config.generation;
  const most = limitsFor(plan, instruction.length).sections.max;
  const draws = maxDraws * (1 + retry.draws);
  const planning = draws * meter(room + mostTokens(taskOf(instruction)), plan.sampling.maxTokens);
  return planning + plannedBound(config, room, instruction, most, draws)!;
}

/** What the sections of a plan may cost at most; undefined where the run has no budget. */
export function plannedBound(
  config: RunConfig,
  room: number,
  instruction: Instruction,
  sections: number,
  draws: number,
): number | undefined {
  const meter = meterOf(config, 'writer');
  if (!meter) return undefined;
  const { plan, section } = config.generation;
  const { sampling, summarySampling, windowTokens } = section;
  const summarizes = section.overflow === 'summarize';
  // The plan stands in the prompt, and in a conversation each of its lines once more.
  const head = room + mostTokens(taskOf(instruction)) + 2 * plan.sampling.maxTokens;
  let total = 0;
  for (let index = 0; index < sections; index++) {
    const prompt = head + index * sampling.maxTokens;
    // Only where a summary shortens it does a prompt keep to the window.
    const kept = summarizes && windowTokens !== undefined ? Math.min(windowTokens, prompt) : prompt;
    total += draws * meter(kept, sampling.maxTokens);
    // An answer that the window cut, and a summary, may come before each.
    if (summarizes) total += meter(kept, sampling.maxTokens) + draws * meter(kept, summarySampling.maxTokens);
  }
  return total;
}

/**
 * What one judgement of a text may cost at most: every draw of every window, and of the pieces of those that the endpoint
 * may find too long.
 */
export function judgementBound(
  config: RunConfig,
  room: number,
  judged: { readonly prompt: string; readonly text: string; readonly judgement: JudgementName },
): number | undefined {
  const meter = meterOf(config, 'judge');
  if (!meter) return undefined;
  const { sampling, maxDraws } = config.judge;
  const halvings = halvingsOf(judged.judgement === POSITIONS);
  const around = room + mostTokens(judged.prompt);
  return judgedWindows(config, judged.judgement, judged.text)
    .map((window) => {
      const pieces = piecesAtMost(wordsToRead(window), halvings);
      return maxDraws * meter(pieces * around + mostTokens(window), pieces * sampling.maxTokens);
    })
    .reduce((sum, amount) => sum + amount, 0);
}

/** What one verdict on an instruction may cost at most, its draws included. */
export function selectionBound(config: RunConfig, room: number, prompt: string): number | undefined {
  const { model } = config.instructions;
  if (!model) return undefined;
  const { endpoint, sampling, maxDraws } = model;
  return timed(maxDraws, meterOf(config, endpoint)?.(room + mostTokens(prompt), sampling.maxTokens));
}

/** What one completion of a model, served or behind an endpoint, may cost at most. */
export function completionBound(
  config: RunConfig,
  purpose: 'preferences' | 'evaluation',
  model: string | undefined,
  prompt: string,
): number | undefined {
  const behind = model === undefined ? undefined : evaluatedEndpoint(config, model);
  return meterOf(config, behind ? model! : 'served')?.(mostTokens(prompt), config[purpose].sampling.maxTokens);
}

const timed = (times: number, amount: number | undefined): number | undefined =>
  amount === undefined ? undefined : times * amount;

/**
 * Turns tokens of a prompt and an answer into an amount of the run's budget; undefined where it has none.
 * @param asked an endpoint, or the identity of a model
 */
function meterOf(
  config: RunConfig,
  asked: string,
): ((promptTokens: number, completionTokens: number) => number) | undefined {
  const budget = budgetOf(config.budget);
  if (!budget) return undefined;
  const price = priceOf(config, asked === 'writer' || asked === 'judge' ? modelIdentity(config, asked) : asked);
  return (promptTokens, completionTokens) =>
    amountOf(callCost({ promptTokens, cachedTokens: 0, completionTokens }, price), budget.unit);
}
