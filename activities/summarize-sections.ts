import { aboutTokens } from '../domain/cost.ts';
import { planLines, renderPrompt, SUMMARY_PROMPT, taskOf } from '../domain/prompts.ts';
import { joinSections } from '../domain/response.ts';
import type { Spending } from '../domain/schemas/call.ts';
import type { ActivityDeps } from './deps.ts';
import { modelCall } from './model-call.ts';
import { drawOf, type DrawInput, type RefusedOutcome } from './plan-sample.ts';
import { modelIdentity } from './run-files.ts';
import { callParameters } from './sampling.ts';
import { spendingOf } from './spending.ts';
import { readTextSoFar, sectionText, type TextSoFar } from './write-sections.ts';

export interface SummarizeSectionsInput extends DrawInput, TextSoFar {}

/** A summary, by its call, with how many sections it stands for. */
export type SummaryOutcome =
  { readonly ok: true; readonly call: string; readonly sections: number; readonly spending: Spending } | RefusedOutcome;

/**
 * Has the writer sum up the earlier sections, those first that no summary stands for yet: as many as half of the model's
 * window holds, or half of them where its size is not known, and at least one.
 */
export async function summarizeSections(deps: ActivityDeps, input: SummarizeSectionsInput): Promise<SummaryOutcome> {
  const config = await deps.files.config(input);
  const { section } = config.generation;
  const { instruction, plan, earlier, summary } = await readTextSoFar(deps, config, input);
  const first = summary?.sections ?? 0;
  const sections = first + countFitting(earlier.slice(first), section.windowTokens);
  const template =
    config.prompts.summary === undefined ? SUMMARY_PROMPT : await deps.files.text(config.prompts.summary);
  const content = renderPrompt(template, {
    instruction: taskOf(instruction),
    plan: planLines(plan).join('\n'),
    summary: summary?.text ?? '(nothing)',
    text: joinSections(earlier.slice(first, sections)),
  });
  const call = await modelCall(
    deps,
    input,
    'writer',
    {
      model: modelIdentity(config, 'writer'),
      messages: [{ role: 'user', content }],
      parameters: callParameters(section.summarySampling),
      ...drawOf(input),
    },
    earlier.length + 1,
  );
  const spending = spendingOf(config, input.run, call);
  if (sectionText(config, call.answer).trim() === '')
    return { ok: false, reason: 'summary-empty', detail: '', call: call.fingerprint, spending };
  return { ok: true, call: call.fingerprint, sections, spending };
}

function countFitting(texts: readonly string[], windowTokens: number | undefined): number {
  if (windowTokens === undefined) return Math.ceil(texts.length / 2);
  let room = windowTokens / 2;
  const count = texts.findIndex((text) => (room -= aboutTokens(text)) < 0);
  return Math.max(1, count < 0 ? texts.length : count);
}
