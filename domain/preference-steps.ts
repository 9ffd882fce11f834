import { fingerprint } from './fingerprint.ts';
import { planLines, renderPrompt, STEP_PROMPT } from './prompts.ts';
import { joinSections } from './response.ts';
import type { Sample } from './schemas/sample.ts';
import { sectionTexts } from './section-texts.ts';

/** A place in a text from which a model is to go on. */
export interface PreferenceStep {
  /** Number of the section that comes next, from 1; there is always one before it. */
  readonly section: number;
  /** Words that are planned for it. */
  readonly words: number;
  readonly prompt: string;
}

/**
 * The steps of a sample that preference pairs are made of, in order; none where it has no plan, no second section, or
 * a text that cannot be told apart into its sections.
 *
 * Source: arXiv 2502.02095 (LongDPO), where pairs are of steps: a prompt is an instruction with the text so far.
 * @param task the instruction, with its reference documents
 * @param settings `steps` is how many at most; which ones is up to the seed
 */
export function preferenceSteps(
  { id, plan, sections, text }: Pick<Sample, 'id' | 'plan' | 'sections' | 'text'>,
  task: string,
  settings: { readonly seed: number; readonly steps: number; readonly template?: string | undefined },
): PreferenceStep[] {
  const texts = sectionTexts(
    text,
    sections.map(({ words }) => words),
  );
  if (!plan || !texts || texts.length !== plan.sections.length) return [];
  const lines = planLines(plan.sections);
  const order = (index: number): string => fingerprint([settings.seed, id, index]);
  return texts
    .map((_, index) => index)
    .slice(1)
    .toSorted((a, b) => (order(a) < order(b) ? -1 : 1))
    .slice(0, settings.steps)
    .toSorted((a, b) => a - b)
    .map((index) => {
      const { words } = plan.sections[index]!;
      const values = { instruction: task, text: joinSections(texts.slice(0, index)), words, step: lines[index]! };
      return { section: index + 1, words, prompt: renderPrompt(settings.template ?? STEP_PROMPT, values) };
    });
}
