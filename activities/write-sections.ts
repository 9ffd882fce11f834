import type { RunConfig } from '../configs/schema.ts';
import { aboutTokens, addSpendings, NO_SPENDING } from '../domain/cost.ts';
import { taskOf } from '../domain/prompts.ts';
import { stripThinking } from '../domain/response.ts';
import { expectedScript } from '../domain/language.ts';
import { redrawNote } from '../domain/redraw.ts';
import { checkSection } from '../domain/section-check.ts';
import { sectionMessages } from '../domain/section-prompt.ts';
import type { Answer, ChatMessage, Spending } from '../domain/schemas/call.ts';
import type { Instruction } from '../domain/schemas/instruction.ts';
import type { PlannedSection, SectionSummary } from '../domain/schemas/sample.ts';
import type { AskedCall } from './calls.ts';
import type { ActivityDeps } from './deps.ts';
import { failure } from './failures.ts';
import { ModelError } from './io/model/model.ts';
import { modelCall } from './model-call.ts';
import { drawOf, readPlan, type DrawInput, type Refusal, type SampleReference } from './plan-sample.ts';
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

export interface WriteSectionsInput extends DrawInput, TextSoFar {}

/**
 * The sections that were accepted, by their calls, and why writing stopped before the plan's end, where it did: because a
 * section was refused, because a summary is needed first, or because it was time to tell the workflow.
 */
export interface SectionsOutcome {
  readonly written: readonly string[];
  /** What all answers took, the refused one included. */
  readonly spending: Spending;
  readonly refused?: Refusal & { readonly call: string };
  readonly overflow?: true;
}

/** Milliseconds after which no further section is begun: the workflow, and who watches it, hear of what was written. */
const LONGEST_CHAIN_MS = 1000;

/**
 * AgentWrite step II: writes the next section of a plan, seeing all sections before it, and goes on with those after it for
 * about a second. So a model that takes seconds is one activity a section, and answers that come at once, from the store
 * of a resumed run for example, do not pay a trip to the Temporal server each. Taken again, it finds what it had written.
 *
 * The draw, and what was wrong with the one before, are those of the first section; the others begin with draw 0. Fails
 * with the Model.* failures; with Model.ContextExceeded where the text has outgrown the model's window and no summary may,
 * or can, help.
 */
export async function writeSections(deps: ActivityDeps, input: WriteSectionsInput): Promise<SectionsOutcome> {
  const startedAt = Date.now();
  const config = await deps.files.config(input);
  const text = await readTextSoFar(deps, config, input);
  const earlier = [...text.earlier];
  const written: string[] = [];
  let spending = NO_SPENDING;
  while (earlier.length < text.plan.length) {
    if (written.length > 0 && Date.now() - startedAt >= LONGEST_CHAIN_MS) break;
    const { refused, ...reference } = input;
    const draw = written.length === 0 ? { ...reference, ...(refused ? { refused } : {}) } : { ...reference, draw: 0 };
    const { call, overflow } = await askSection(deps, config, draw, { ...text, earlier });
    if (call) spending = addSpendings(spending, spendingOf(config, input.run, call));
    if (overflow || !call) return { written, spending, overflow: true };
    const answer = { ...call.answer, text: sectionText(config, call.answer) };
    const problem = checkSection(answer, {
      planned: text.plan[earlier.length]!.words,
      earlier,
      expected: expectedScript(text.instruction.prompt),
      checks: config.generation.section.checks,
    });
    const verdict = problem ? 'refused' : 'accepted';
    // What is found again was counted when it was asked.
    if (call.asked) deps.metrics.add('longwriter_sections_total', 1, { run: input.run, verdict });
    if (problem) return { written, spending, refused: { ...problem, call: call.fingerprint } };
    written.push(call.fingerprint);
    earlier.push(answer.text);
  }
  return { written, spending };
}

type Text = Awaited<ReturnType<typeof readTextSoFar>>;

/** Asks for the next section; `overflow` where the window is full and a summary can make room, also by a paid answer. */
async function askSection(
  deps: ActivityDeps,
  config: RunConfig,
  input: DrawInput,
  { instruction, plan, earlier, summary }: Text,
): Promise<{ readonly call?: AskedCall; readonly overflow?: boolean }> {
  const { section } = config.generation;
  const template = config.prompts.section === undefined ? undefined : await deps.files.text(config.prompts.section);
  const messages = sectionMessages({
    context: section.context,
    task: taskOf(instruction),
    plan,
    earlier,
    ...(summary ? { summary } : {}),
    ...(template === undefined ? {} : { template }),
    ...(input.refused && config.generation.explainDraws ? { note: redrawNote(input.refused) } : {}),
  });
  const canShorten = section.overflow === 'summarize' && (summary?.sections ?? 0) < earlier.length;
  if (canShorten && outgrows(messages, section)) return { overflow: true };
  const request = {
    model: modelIdentity(config, 'writer'),
    messages,
    parameters: callParameters(section.sampling),
    ...drawOf(input),
  };
  try {
    const call = await modelCall(deps, input, 'writer', request, earlier.length + 1);
    const { finishReason, usage } = call.answer;
    // Cut before its own limit: the window was full.
    const wasFull = finishReason === 'length' && usage.completionTokens < section.sampling.maxTokens;
    return { call, overflow: canShorten && wasFull };
  } catch (error) {
    if (canShorten && error instanceof ModelError && error.problem === 'ContextExceeded') return { overflow: true };
    throw error;
  }
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
