import { scriptOf, type Script } from './language.ts';
import { continuesPlanLine, readPlanLine, readWordCount } from './plan-line.ts';
import type { DrawReason, PlannedSection } from './schemas/sample.ts';

/** What a plan must keep. */
export interface PlanLimits {
  readonly sections: { readonly min: number; readonly max: number };
  readonly sectionWords: { readonly min: number; readonly max: number };
}

/** A plan, or why an answer is none. */
export type PlanResult =
  | { readonly ok: true; readonly sections: readonly PlannedSection[] }
  | { readonly ok: false; readonly reason: DrawReason; readonly detail: string };

// What may stand between two plan lines: a heading, or a rule or fence.
const HEADING = /^\s*(?:#{1,6}\s|(?:\*\*|__)[^*_]+(?:\*\*|__)\s*[:：]?\s*$)/u;
const RULE = /^[\s*_=~`-]*(?:```\w*\s*)?$/u;

/**
 * Reads a plan in the paper's line grammar, one line a section, as tolerantly as `readPlanLine`. Chat before the first
 * line and after the last is passed over; between them stand only blank lines, headings and rules. Details hold
 * positions and numbers, never text.
 */
export function parsePlanText(text: string): PlanResult {
  const sections: PlannedSection[] = [];
  let stray: number | undefined;
  for (const { line, position } of entriesOf(text)) {
    const read = readPlanLine(line);
    if (read === undefined || (!read.counted && HEADING.test(line))) {
      if (sections.length > 0 && !RULE.test(line) && !HEADING.test(line)) stray ??= position;
      continue;
    }
    if (!read.counted) return unreadable(`line ${position} has no word count`);
    if (stray !== undefined) return unreadable(`line ${stray} is no plan line`);
    const expected = sections.length + 1;
    if (read.number !== expected) {
      const detail = `line ${position} has number ${read.number}, ${expected} expected`;
      return { ok: false, reason: 'plan-numbering', detail };
    }
    sections.push({ mainPoint: read.mainPoint, words: read.words });
  }
  return sections.length > 0 ? { ok: true, sections } : unreadable('no plan line');
}

/** The lines of a text, each with its position from 1; a plan line that a model broke into up to three is one. */
function entriesOf(text: string): { line: string; position: number }[] {
  const entries: { line: string; position: number; parts: number }[] = [];
  for (const [index, line] of text.split(/\r\n?|\n/).entries()) {
    if (line.trim() === '') continue;
    const last = entries.at(-1);
    if (last && last.parts < 3 && continuesPlanLine(line) && readPlanLine(last.line)?.counted === false) {
      last.line += ` - ${line.replace(/^[\s*_#>•·+-]+/u, '')}`;
      last.parts += 1;
    } else entries.push({ line, position: index + 1, parts: 1 });
  }
  return entries;
}

const unreadable = (detail: string): PlanResult => ({ ok: false, reason: 'plan-unreadable', detail });

/**
 * Reads a plan given as JSON, `{"sections": [{"mainPoint": …, "words": …}]}`, also within a code fence or chat, and with
 * words as a text ("400"). Details hold positions, never text.
 */
export function parsePlanJson(text: string): PlanResult {
  let plan: unknown;
  try {
    plan = JSON.parse(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1));
  } catch {
    return unreadable('not JSON');
  }
  const found = (plan as { sections?: unknown }).sections;
  if (!Array.isArray(found)) return unreadable('the JSON has no list of sections');
  const sections = found.map(sectionOf);
  const wrong = sections.indexOf(undefined);
  if (wrong >= 0) return unreadable(`section ${wrong + 1} has no mainPoint or no words`);
  return { ok: true, sections: sections as PlannedSection[] };
}

function sectionOf(value: unknown): PlannedSection | undefined {
  const { mainPoint, words } = (value ?? {}) as { mainPoint?: unknown; words?: unknown };
  const count = typeof words === 'string' ? readWordCount(words) : words;
  if (typeof mainPoint !== 'string' || !Number.isInteger(count)) return undefined;
  return { mainPoint: mainPoint.replace(/\s+/g, ' ').trim(), words: count as number };
}

/**
 * Checks a plan against its limits, the required length and the expected script of its main points: number of sections,
 * a main point and the words of each, their sum, and the language.
 */
export function checkPlan(
  sections: readonly PlannedSection[],
  limits: PlanLimits,
  required?: number,
  expected?: Script,
): PlanResult {
  const { sections: count, sectionWords } = limits;
  if (sections.length < count.min || sections.length > count.max) {
    const detail = `${sections.length} sections, ${count.min} to ${count.max} expected`;
    return { ok: false, reason: 'plan-sections', detail };
  }
  const pointless = sections.findIndex(({ mainPoint }) => !/[\p{L}\p{N}]/u.test(mainPoint));
  if (pointless >= 0) return unreadable(`section ${pointless + 1} has no main point`);
  const wrong = sections.findIndex(({ words }) => !(words >= sectionWords.min && words <= sectionWords.max));
  if (wrong >= 0) {
    const detail = `section ${wrong + 1}: ${sections[wrong]!.words} words, ${sectionWords.min} to ${sectionWords.max} expected`;
    return { ok: false, reason: 'plan-words', detail };
  }
  const sum = sections.reduce((total, section) => total + section.words, 0);
  // What no plan within the limits can reach, or stay below, is not asked of one.
  const least = Math.min((required ?? 0) / 2, count.max * sectionWords.max);
  const most = Math.max((required ?? 0) * 2, count.min * sectionWords.min);
  if (required !== undefined && (sum < least || sum > most)) {
    return { ok: false, reason: 'plan-words', detail: `${sum} words planned, ${required} required` };
  }
  const script = scriptOf(sections.map(({ mainPoint }) => mainPoint).join('\n'));
  if (expected !== undefined && script !== undefined && script !== expected) {
    return { ok: false, reason: 'plan-language', detail: `main points in script ${script}, ${expected} expected` };
  }
  return { ok: true, sections };
}

/** Limits for one instruction: as many sections as its required length can be split into, within the configured ones. */
export function limitsFor(limits: PlanLimits, required?: number): PlanLimits {
  if (required === undefined) return limits;
  const within = (value: number) => Math.min(limits.sections.max, Math.max(limits.sections.min, value));
  const min = within(Math.ceil(required / limits.sectionWords.max));
  return { ...limits, sections: { min, max: Math.max(min, within(Math.floor(required / limits.sectionWords.min))) } };
}

/** The JSON schema that a plan is held to where the endpoint can enforce one. */
export function planSchema(limits: PlanLimits): object {
  return {
    type: 'object',
    additionalProperties: false,
    required: ['sections'],
    properties: {
      sections: {
        type: 'array',
        minItems: limits.sections.min,
        maxItems: limits.sections.max,
        items: {
          type: 'object',
          additionalProperties: false,
          required: ['mainPoint', 'words'],
          properties: {
            mainPoint: { type: 'string', minLength: 10, maxLength: 240 },
            words: { type: 'integer', minimum: limits.sectionWords.min, maximum: limits.sectionWords.max },
          },
        },
      },
    },
  };
}
