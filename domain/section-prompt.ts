import {
  CONVERSATION_FIRST_PROMPT,
  CONVERSATION_NEXT_PROMPT,
  CONVERSATION_RESUMED_PROMPT,
  planLines,
  renderPrompt,
  SECTION_PROMPT,
} from './prompts.ts';
import { joinSections } from './response.ts';
import type { ChatMessage } from './schemas/call.ts';
import type { PlannedSection } from './schemas/sample.ts';

/** What the writer of a section is told. */
export interface SectionPrompt {
  readonly context: 'single-prompt' | 'conversation';
  /** The instruction, with its reference documents. */
  readonly task: string;
  readonly plan: readonly PlannedSection[];
  /** The texts of the sections before this one. */
  readonly earlier: readonly string[];
  /** What stands for the first of them once the text has outgrown the model's window. */
  readonly summary?: { readonly text: string; readonly sections: number };
  /** A prompt of the user's own. */
  readonly template?: string;
  /** What was wrong with the draw before. */
  readonly note?: string;
}

/** The messages that ask for the next section of a plan (AgentWrite step II). */
export function sectionMessages(prompt: SectionPrompt): ChatMessage[] {
  const messages = prompt.context === 'single-prompt' ? singlePrompt(prompt) : conversation(prompt);
  if (prompt.note === undefined) return messages;
  const last = messages.at(-1)!;
  return [...messages.slice(0, -1), { ...last, content: `${last.content}\n\n${prompt.note}` }];
}

function singlePrompt({ task, plan, earlier, summary, template }: SectionPrompt): ChatMessage[] {
  const lines = planLines(plan);
  const recent = joinSections(earlier.slice(summary?.sections ?? 0));
  const text = summary ? `(In short, what came first: ${summary.text})\n\n${recent}` : recent;
  const { mainPoint, words } = plan[earlier.length]!;
  const values = { instruction: task, plan: lines.join('\n'), text, step: lines[earlier.length]!, mainPoint, words };
  return [{ role: 'user', content: renderPrompt(template ?? SECTION_PROMPT, values) }];
}

/** Each turn extends the one before, so that the provider's prefix cache stays warm. */
function conversation({ task, plan, earlier, summary, template }: SectionPrompt): ChatMessage[] {
  const lines = planLines(plan);
  const first = summary?.sections ?? 0;
  const opening = template ?? (summary ? CONVERSATION_RESUMED_PROMPT : CONVERSATION_FIRST_PROMPT);
  const turn = (index: number): ChatMessage => {
    const step = lines[index]!;
    const values = { instruction: task, plan: lines.join('\n'), text: summary?.text ?? '', step, ...plan[index]! };
    return {
      role: 'user',
      content: index === first ? renderPrompt(opening, values) : renderPrompt(CONVERSATION_NEXT_PROMPT, { step }),
    };
  };
  return [
    ...earlier
      .slice(first)
      .flatMap((text, index): ChatMessage[] => [turn(first + index), { role: 'assistant', content: text }]),
    turn(earlier.length),
  ];
}
