import type { RunConfig } from '../configs/schema.ts';
import { checkPlan, limitsFor, parsePlanJson, parsePlanText, planSchema, type PlanResult } from '../domain/plan.ts';
import { PLAN_SCHEMA_PROMPT, PLAN_TEXT_PROMPT, renderPrompt } from '../domain/prompts.ts';
import { stripThinking } from '../domain/response.ts';
import type { Call } from '../domain/schemas/call.ts';
import type { Instruction } from '../domain/schemas/instruction.ts';
import type { RejectionReason } from '../domain/schemas/sample.ts';
import type { ActivityDeps } from './deps.ts';
import { modelCall } from './model-call.ts';
import { modelIdentity, readInstruction, type RunReference } from './run-files.ts';
import { callParameters } from './sampling.ts';

/** One sample of a run: an instruction, by the store path of the selection and its id. */
export interface SampleReference extends RunReference {
  readonly instructions: string;
  readonly sample: string;
}

export interface PlanSampleInput extends SampleReference {
  readonly draw: number;
}

/** An accepted plan (its call, and the words of each section), or the reason for which it is asked again. */
export type PlannedSample =
  | { readonly ok: true; readonly call: string; readonly sections: readonly number[] }
  | { readonly ok: false; readonly reason: RejectionReason; readonly detail: string };

/** AgentWrite step I: asks for a plan and checks it. Fails with the Model.* failures; a bad plan is no failure. */
export async function planSample(deps: ActivityDeps, input: PlanSampleInput): Promise<PlannedSample> {
  const config = await deps.files.config(input);
  const instruction = await readInstruction(deps.files, input.instructions, input.sample);
  const { plan } = config.generation;
  const limits = limitsFor(plan, instruction.length);
  const template =
    config.prompts.plan === undefined
      ? plan.mode === 'schema'
        ? PLAN_SCHEMA_PROMPT
        : PLAN_TEXT_PROMPT
      : await deps.files.text(config.prompts.plan);
  const content = renderPrompt(template, {
    instruction: instruction.prompt,
    minSections: limits.sections.min,
    maxSections: limits.sections.max,
    minWords: limits.sectionWords.min,
    maxWords: limits.sectionWords.max,
    required: instruction.length === undefined ? '' : ` The whole text has about ${instruction.length} words.`,
  });
  const call = await modelCall(deps, input, 'writer', {
    model: modelIdentity(config, 'writer'),
    messages: [{ role: 'user', content }],
    parameters: callParameters(plan.sampling, plan.mode === 'schema' ? planSchema(limits) : undefined),
    draw: input.draw,
  });
  const result = readPlan(config, instruction, call);
  return result.ok ? { ok: true, call: call.fingerprint, sections: result.sections.map(({ words }) => words) } : result;
}

/** The plan that a call holds, checked; the same call under the same configuration always gives the same. */
export function readPlan(config: RunConfig, instruction: Instruction, call: Call): PlanResult {
  const { plan } = config.generation;
  if (call.answer.finishReason === 'length') {
    return { ok: false, reason: 'plan-truncated', detail: 'the plan was cut at the token limit' };
  }
  const { stripThinking: strip } = config.endpoints.writer.dialect;
  const text = strip ? stripThinking(call.answer.text) : call.answer.text;
  const parsed = plan.mode === 'schema' ? parsePlanJson(text) : parsePlanText(text);
  return parsed.ok ? checkPlan(parsed.sections, limitsFor(plan, instruction.length), instruction.length) : parsed;
}
