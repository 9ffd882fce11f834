import type { PlannedSection, RejectionReason } from './schemas/sample.ts';

/** What a plan must keep. */
export interface PlanLimits {
  readonly sections: { readonly min: number; readonly max: number };
  readonly sectionWords: { readonly min: number; readonly max: number };
}

/** A plan, or why an answer is none. */
export type PlanResult =
  | { readonly ok: true; readonly sections: readonly PlannedSection[] }
  | { readonly ok: false; readonly reason: RejectionReason; readonly detail: string };

// Marks are spelled out, since JavaScript's \W holds every Chinese character; and the two halves are read one after the
// other, since one pattern with a lazy middle takes minutes for the endless dashes of a model that loops.
const HEAD = /^[\s*_#>~`-]*paragraph\s+(?<number>\d{1,6})[\s*_.:：–—-]+main\s+point[\s*_]*[:：][\s*_]*/iu;
const TAIL = /word\s+count[\s*_]*[:：][\s*_[(~]*(?<words>\d[\d,]{0,11})/giu;

/** Reads a plan in the paper's line grammar: `Paragraph N - Main Point: … - Word Count: … words`, one line a section. */
export function parsePlanText(text: string): PlanResult {
  const sections: PlannedSection[] = [];
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    const read = readLine(line);
    if (!read) return { ok: false, reason: 'plan-unreadable', detail: `line ${sections.length + 1} is no plan line` };
    if (read.number !== sections.length + 1) {
      return { ok: false, reason: 'plan-numbering', detail: `line ${sections.length + 1} has number ${read.number}` };
    }
    sections.push({ mainPoint: read.mainPoint, words: read.words });
  }
  return sections.length > 0 ? { ok: true, sections } : { ok: false, reason: 'plan-unreadable', detail: 'no lines' };
}

function readLine(line: string): { number: number; mainPoint: string; words: number } | undefined {
  const head = HEAD.exec(line);
  if (!head) return undefined;
  const rest = line.slice(head[0].length);
  for (const tail of rest.matchAll(TAIL)) {
    const mainPoint = separated(rest.slice(0, tail.index));
    if (mainPoint === undefined) continue;
    const words = Number(tail.groups!['words']!.replaceAll(',', ''));
    return { number: Number(head.groups!['number']), mainPoint, words };
  }
  return undefined;
}

/** What stands before the dash that ends it, without its brackets; undefined where no dash does. */
function separated(text: string): string | undefined {
  let end = text.length;
  while (end > 0 && ' \t*_['.includes(text[end - 1]!)) end -= 1;
  if (!'-–—'.includes(text[end - 1] ?? ' ')) return undefined;
  const point = text.slice(0, end - 1).trim();
  return /^\[[^[\]]*\]$/.test(point) ? point.slice(1, -1).trim() : point;
}

/** Reads a plan given as JSON: `{"sections": [{"mainPoint": …, "words": …}]}`. */
export function parsePlanJson(text: string): PlanResult {
  try {
    const { sections } = JSON.parse(text) as { sections: { mainPoint: unknown; words: unknown }[] };
    return {
      ok: true,
      sections: sections.map(({ mainPoint, words }) => {
        if (typeof mainPoint !== 'string' || !Number.isInteger(words)) throw new TypeError('not a section');
        return { mainPoint: mainPoint.replace(/\s+/g, ' ').trim(), words: words as number };
      }),
    };
  } catch {
    return { ok: false, reason: 'plan-unreadable', detail: 'not the JSON that was asked for' };
  }
}

/** Checks a plan against its limits and the required length: number of sections, words of each, and their sum. */
export function checkPlan(sections: readonly PlannedSection[], limits: PlanLimits, required?: number): PlanResult {
  if (sections.length < limits.sections.min || sections.length > limits.sections.max) {
    return { ok: false, reason: 'plan-sections', detail: `${sections.length} sections` };
  }
  const wrong = sections.findIndex(
    ({ mainPoint, words }) => mainPoint === '' || words < limits.sectionWords.min || words > limits.sectionWords.max,
  );
  if (wrong >= 0)
    return { ok: false, reason: 'plan-words', detail: `section ${wrong + 1}: ${sections[wrong]!.words} words` };
  const sum = sections.reduce((total, section) => total + section.words, 0);
  // What no plan within the limits can reach, or stay below, is not asked of one.
  const least = Math.min((required ?? 0) / 2, limits.sections.max * limits.sectionWords.max);
  const most = Math.max((required ?? 0) * 2, limits.sections.min * limits.sectionWords.min);
  if (required !== undefined && (sum < least || sum > most)) {
    return { ok: false, reason: 'plan-words', detail: `${sum} words planned, ${required} required` };
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
