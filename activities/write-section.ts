import type { RunConfig } from '../configs/schema.ts';
import { aboutTokens } from '../domain/cost.ts';
import { countWords } from '../domain/length.ts';
import { taskOf } from '../domain/prompts.ts';
import { cleanSection, stripThinking } from '../domain/response.ts';
import { expectedScript } from '../domain/language.ts';
import { redrawNote } from '../domain/redraw.ts';
import { checkSection } from '../domain/section-check.ts';
import { sectionMessages } from '../domain/section-prompt.ts';
import type { Answer, ChatMessage, Spending } from '../domain/schemas/call.ts';
import type { Instruction } from '../domain/schemas/instruction.ts';
import type { PlannedSection, SectionSummary } from '../domain/schemas/sample.ts';
import type { KnownCall } from './calls.ts';
import type { ActivityDeps } from './deps.ts';
import { failure } from './failures.ts';
import { ModelError } from './io/model/model.ts';
import { modelCall } from './model-call.ts';
import { drawOf, readPlan, type DrawInput, type RefusedOutcome, type SampleReference } from './plan-sample.ts';
import { modelIdentity, readInstruction } from './run-files.ts';
import { callParameters } from './sampling.ts';
import { spendingOf } from './spending.ts';

/** What a section follows on. */
export interface TextSoFar {
  /** The call that holds the accepted plan. */
  readonly plan: string;
  /** The calls that hold the accepted sections before this one, in order. */
  readonly earlier: readonly string[];
  /** What stands for the first of them, once the text has outgrown the model's window. */
  readonly summary?: SectionSummary;
}

export interface WriteSectionInput extends DrawInput, TextSoFar {}

/** An accepted section, by its call; or the reason for which it is asked again; or that a summary is needed first. */
export type SectionOutcome =
  | { readonly ok: true; readonly call: string; readonly words: number; readonly spending: Spending }
  | RefusedOutcome
  | { readonly ok: false; readonly overflow: true };

/**
 * AgentWrite step II: writes the next section of a plan, seeing all sections before it. Fails with the Model.* failures;
 * with Model.ContextExceeded where the text has outgrown the model's window and no summary may, or can, help.
 */
export async function writeSection(deps: ActivityDeps, input: WriteSectionInput): Promise<SectionOutcome> {
  const config = await deps.files.config(input);
  const { section } = config.generation;
  const { instruction, plan, earlier, summary } = await readTextSoFar(deps, config, input);
  const template = config.prompts.section === undefined ? undefined : await deps.files.text(config.prompts.section);
  const messages = sectionMessages({
    context: section.context,
    task: taskOf(instruction),
    plan,
    earlier,
    ...(summary ? { summary } : {}),
    ...(template === undefined ? {} : { template }),
    ...(input.refused ? { note: redrawNote(input.refused) } : {}),
  });
  // The last section stays in full as long as it can: what is written next goes on from it.
  const canShorten = section.overflow === 'summarize' && (summary?.sections ?? 0) < earlier.length;
  if (canShorten && outgrows(messages, section)) return { ok: false, overflow: true };
  const request = {
    model: modelIdentity(config, 'writer'),
    messages,
    parameters: callParameters(section.sampling),
    ...drawOf(input),
  };
  let call: KnownCall;
  try {
    call = await modelCall(deps, input, 'writer', request, earlier.length + 1);
  } catch (error) {
    if (canShorten && error instanceof ModelError && error.problem === 'ContextExceeded')
      return { ok: false, overflow: true };
    throw error;
  }
  const { finishReason, usage } = call.answer;
  // Cut before its own limit: the window was full.
  if (canShorten && finishReason === 'length' && usage.completionTokens < section.sampling.maxTokens)
    return { ok: false, overflow: true };
  const text = sectionText(config, call.answer);
  const spending = spendingOf(config, input.run, call);
  const problem = checkSection(
    { ...call.answer, text },
    {
      planned: plan[earlier.length]!.words,
      earlier,
      expected: expectedScript(instruction.prompt),
      checks: section.checks,
    },
  );
  if (problem) return { ok: false, ...problem, call: call.fingerprint, spending };
  return { ok: true, call: call.fingerprint, words: countWords(cleanSection(text)), spending };
}

function outgrows(
  messages: readonly ChatMessage[],
  { windowTokens, sampling }: RunConfig['generation']['section'],
): boolean {
  if (windowTokens === undefined) return false;
  const prompt = messages.reduce((sum, { content }) => sum + aboutTokens(content), 0);
  return prompt + sampling.maxTokens > windowTokens;
}

/** Instruction, plan, and texts of the sections before, from the calls that hold them. */
export async function readTextSoFar(
  deps: ActivityDeps,
  config: RunConfig,
  input: SampleReference & TextSoFar,
): Promise<{
  readonly instruction: Instruction;
  readonly plan: readonly PlannedSection[];
  readonly earlier: readonly string[];
  readonly summary?: { readonly text: string; readonly sections: number };
}> {
  const instruction = await readInstruction(deps.files, input.instructions, input.sample);
  const plan = readPlan(config, instruction, await deps.calls.read(input.plan));
  if (!plan.ok) throw failure('Store.Conflict', `call ${input.plan} holds no accepted plan: ${plan.detail}`);
  const read = async (call: string) => sectionText(config, (await deps.calls.read(call)).answer);
  const earlier = await Promise.all(input.earlier.map(read));
  const { summary } = input;
  return {
    instruction,
    plan: plan.sections,
    earlier,
    ...(summary ? { summary: { text: (await read(summary.call)).trim(), sections: summary.sections } } : {}),
  };
}

/** The text of a section as the model wrote it, without its thinking where the endpoint sends that along. */
export function sectionText(config: RunConfig, answer: Answer): string {
  return config.endpoints.writer.dialect.stripThinking ? stripThinking(answer.text) : answer.text;
}
