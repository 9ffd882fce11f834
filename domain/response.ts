import type { RejectionReason } from './schemas/sample.ts';
import type { Answer } from './schemas/call.ts';

// Marks are spelled out, since JavaScript's \W holds every Chinese character; a quotation is a story's, not a refusal.
const REFUSAL =
  /^[\s*_#>]*(?:i['’]?m sorry|i am sorry|sorry,|i can(?:no|['’])t (?:help(?! but\b)|assist|write|comply)|as an ai\b|抱歉|对不起)/iu;

/** Why an answer cannot be a section, or undefined where it can. */
export function checkSection(answer: Answer): RejectionReason | undefined {
  const text = cleanSection(answer.text);
  if (text === '') return 'section-empty';
  if (answer.finishReason === 'length') return 'section-truncated';
  if (answer.finishReason === 'content_filter') return 'section-refusal';
  if (REFUSAL.test(text) && text.length < 600) return 'section-refusal';
  return undefined;
}

const IDENTIFIER =
  /^[#\s]*(?<mark>[*_]*)\s*(?:(?:paragraph|section|part)\s+\d+|第\s*[一二三四五六七八九十百\d]+\s*[段节])(?<closed>[*_]*)\s*(?:[:：、]+|[.\-–—]+(?!\d)|(?=\n)|$)(?<after>[*_]*)\s*/iu;

/** A section without the identifier that a model may put before it, such as "Paragraph 3:" or "第三段". */
export function cleanSection(text: string): string {
  const match = IDENTIFIER.exec(text.trim());
  if (!match) return text.trim();
  const { mark = '', closed = '', after = '' } = match.groups!;
  // Emphasis that opens before an identifier and ends after a title stays with the title.
  const open = closed === mark ? after : after === mark ? '' : mark + after;
  return (open + text.trim().slice(match[0].length)).trim();
}

/** The text of a sample: its sections, cleaned, with a blank line between. */
export function joinSections(sections: readonly string[]): string {
  return sections.map(cleanSection).join('\n\n');
}

/** An answer without the model's thinking, for endpoints that send it along. */
export function stripThinking(text: string): string {
  return text.replace(/^\s*<think>[\s\S]*?<\/think>\s*/u, '');
}
