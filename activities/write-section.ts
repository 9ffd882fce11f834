import type { RunConfig } from '../configs/schema.ts';
import { countWords } from '../domain/length.ts';
import {
  CONVERSATION_FIRST_PROMPT,
  CONVERSATION_NEXT_PROMPT,
  SECTION_PROMPT,
  planLines,
  renderPrompt,
} from '../domain/prompts.ts';
import { cleanSection, joinSections, stripThinking } from '../domain/response.ts';
import type { Answer, ChatMessage } from '../domain/schemas/call.ts';
import type { PlannedSection, RejectionReason } from '../domain/schemas/sample.ts';
import { CHECKS_OFF, checkSection } from '../domain/section-check.ts';
import type { ActivityDeps } from './deps.ts';
import { failure } from './failures.ts';
import { modelCall, readCall } from './model-call.ts';
import { readPlan, type SampleReference } from './plan-sample.ts';
import { modelIdentity, readInstruction } from './run-files.ts';
import { callParameters } from './sampling.ts';

export interface WriteSectionInput extends SampleReference {
  /** The call that holds the accepted plan. */
  readonly plan: string;
  /** The calls that hold the accepted sections before this one, in order. */
  readonly earlier: readonly string[];
  readonly draw: number;
}

/** An accepted section, by its call, or the reason for which it is asked again. */
export type SectionOutcome =
  | { readonly ok: true; readonly call: string; readonly words: number }
  | { readonly ok: false; readonly reason: RejectionReason };

/** AgentWrite step II: writes the next section of a plan, seeing all sections before it. */
export async function writeSection(deps: ActivityDeps, input: WriteSectionInput): Promise<SectionOutcome> {
  const config = await deps.files.config(input);
  const instruction = await readInstruction(deps.files, input.instructions, input.sample);
  const plan = readPlan(config, instruction, await readCall(deps, input.plan));
  if (!plan.ok) throw failure('Store.Conflict', `call ${input.plan} holds no accepted plan: ${plan.detail}`);
  const earlier = await Promise.all(
    input.earlier.map(async (call) => sectionText(config, (await readCall(deps, call)).answer)),
  );
  const template = config.prompts.section === undefined ? undefined : await deps.files.text(config.prompts.section);
  const call = await modelCall(deps, input, 'writer', {
    model: modelIdentity(config, 'writer'),
    messages: sectionMessages(config, instruction.prompt, plan.sections, earlier, template),
    parameters: callParameters(config.generation.section.sampling),
    draw: input.draw,
  });
  const refusal = checkSection(
    { ...call.answer, text: sectionText(config, call.answer) },
    { planned: plan.sections[earlier.length]!.words, earlier, expected: undefined, checks: CHECKS_OFF },
  );
  if (refusal) return { ok: false, reason: refusal.reason };
  return { ok: true, call: call.fingerprint, words: countWords(cleanSection(sectionText(config, call.answer))) };
}

/** The text of a section as the model wrote it, without its thinking where the endpoint sends that along. */
export function sectionText(config: RunConfig, answer: Answer): string {
  return config.endpoints.writer.dialect.stripThinking ? stripThinking(answer.text) : answer.text;
}

function sectionMessages(
  config: RunConfig,
  instruction: string,
  sections: readonly PlannedSection[],
  earlier: readonly string[],
  template: string | undefined,
): ChatMessage[] {
  const lines = planLines(sections);
  const plan = lines.join('\n');
  const step = lines[earlier.length]!;
  if (config.generation.section.context === 'single-prompt') {
    const text = joinSections(earlier);
    return [{ role: 'user', content: renderPrompt(template ?? SECTION_PROMPT, { instruction, plan, text, step }) }];
  }
  // Each turn extends the one before, so that the provider's prefix cache stays warm.
  const turn = (index: number): string =>
    index === 0
      ? renderPrompt(template ?? CONVERSATION_FIRST_PROMPT, { instruction, plan, text: '', step: lines[0]! })
      : renderPrompt(CONVERSATION_NEXT_PROMPT, { step: lines[index]! });
  return [
    ...earlier.flatMap((text, index): ChatMessage[] => [
      { role: 'user', content: turn(index) },
      { role: 'assistant', content: text },
    ]),
    { role: 'user', content: turn(earlier.length) },
  ];
}
