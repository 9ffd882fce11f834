import type { RunConfig } from '../configs/schema.ts';
import { expectedScript } from '../domain/language.ts';
import { checkPlan, limitsFor, parsePlanJson, parsePlanText, planSchema, type PlanResult } from '../domain/plan.ts';
import { redrawNote } from '../domain/redraw.ts';
import { PLAN_SCHEMA_PROMPT, PLAN_TEXT_PROMPT, renderPrompt, taskOf } from '../domain/prompts.ts';
import { stripThinking } from '../domain/response.ts';
import type { Spending } from '../domain/schemas/call.ts';
import type { Instruction } from '../domain/schemas/instruction.ts';
import type { DrawReason } from '../domain/schemas/sample.ts';
import { plannedBound, promptRoom } from './bounds.ts';
import type { KnownCall } from './calls.ts';
import type { ActivityDeps } from './deps.ts';
import { modelCall } from './model-call.ts';
import { modelIdentity, readInstruction, type RunReference } from './run-files.ts';
import { callParameters } from './sampling.ts';
import { spendingOf } from './spending.ts';

/** One sample of a run: an instruction, by the store path of the selection and its id. */
export interface SampleReference extends RunReference {
  readonly instructions: string;
  readonly sample: string;
  /** Tells apart the calls of a sample that was opened again to be written anew. */
  readonly series?: string;
}

/** Why the draw before was refused: a reason and numbers, no text of a model. */
export interface Refusal {
  readonly reason: DrawReason;
  readonly detail: string;
}

/** One answer of a writer, asked for as a numbered draw. */
export interface DrawInput extends SampleReference {
  readonly draw: number;
  readonly refused?: Refusal;
}

/** A refused draw, with the call that is stored and paid all the same. */
export interface RefusedOutcome extends Refusal {
  readonly ok: false;
  readonly call: string;
  readonly spending: Spending;
}

export interface PlanSampleInput extends DrawInput {
  /** Draws that each step may take. */
  readonly maxDraws: number;
}

/** An accepted plan (its call, and the words of each section), or the reason for which it is asked again. */
export type PlannedSample =
  | {
      readonly ok: true;
      readonly call: string;
      readonly sections: readonly number[];
      readonly spending: Spending;
      /** What the sections may cost at most, where the run has a budget, in its unit. */
      readonly bound?: number;
    }
  | RefusedOutcome;

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
    instruction: taskOf(instruction),
    minSections: limits.sections.min,
    maxSections: limits.sections.max,
    minWords: limits.sectionWords.min,
    maxWords: limits.sectionWords.max,
    required: instruction.length === undefined ? '' : ` The whole text has about ${instruction.length} words.`,
  });
  const call = await modelCall(deps, input, 'writer', {
    model: modelIdentity(config, 'writer'),
    messages: [
      { role: 'user', content: withNote(content, config.generation.explainDraws ? input.refused : undefined) },
    ],
    parameters: callParameters(plan.sampling, plan.mode === 'schema' ? planSchema(limits) : undefined),
    ...drawOf(input),
  });
  const result = readPlan(config, instruction, call);
  const spending = spendingOf(config, input.run, call);
  if (!result.ok) return { ...result, call: call.fingerprint, spending };
  const room = await promptRoom(deps.files, config);
  const bound = plannedBound(config, room, instruction, result.sections.length, input.maxDraws);
  const sections = result.sections.map(({ words }) => words);
  return { ok: true, call: call.fingerprint, sections, spending, ...(bound === undefined ? {} : { bound }) };
}

/** What tells a draw apart from the others of the same question. */
export function drawOf({ draw, series }: DrawInput): { readonly draw: number; readonly series?: string } {
  return { draw, ...(series === undefined ? {} : { series }) };
}

function withNote(content: string, refused: Refusal | undefined): string {
  return refused ? `${content}\n\n${redrawNote(refused)}` : content;
}

/** The plan that a call holds, checked; the same call under the same configuration always gives the same. */
export function readPlan(config: RunConfig, instruction: Instruction, call: KnownCall): PlanResult {
  const { plan } = config.generation;
  if (call.answer.finishReason === 'length') {
    return { ok: false, reason: 'plan-truncated', detail: 'the plan was cut at the token limit' };
  }
  const { stripThinking: strip } = config.endpoints.writer.dialect;
  const text = strip ? stripThinking(call.answer.text) : call.answer.text;
  const parsed = plan.mode === 'schema' ? parsePlanJson(text) : parsePlanText(text);
  const expected = plan.checkLanguage ? expectedScript(instruction.prompt) : undefined;
  return parsed.ok
    ? checkPlan(parsed.sections, limitsFor(plan, instruction.length), instruction.length, expected)
    : parsed;
}
