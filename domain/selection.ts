/** What a model said of an instruction, or why that cannot be read. */
export type SelectionAnswer =
  | { readonly ok: true; readonly needsLongText: boolean; readonly reason: string }
  | { readonly ok: false; readonly reason: string };

const LONGEST_REASON = 300;

/** Reads a verdict: a JSON object, bare, fenced or after some prose. What is unclear is never a yes or a no. */
export function parseSelection(text: string): SelectionAnswer {
  // A model that shows the form before it answers has given two, and nobody knows which is its own.
  if (text.split('"needsLongText"').length > 2) return { ok: false, reason: 'more than one verdict' };
  const fenced = /```(?:json)?\s*([\s\S]*?)```/.exec(text)?.[1] ?? text;
  const start = fenced.indexOf('{');
  const end = fenced.lastIndexOf('}');
  if (start < 0 || end < start) return { ok: false, reason: 'no JSON object' };
  let value: { needsLongText?: unknown; reason?: unknown };
  try {
    value = JSON.parse(fenced.slice(start, end + 1)) as typeof value;
  } catch {
    return { ok: false, reason: 'broken JSON' };
  }
  const { needsLongText, reason } = value;
  if (typeof needsLongText !== 'boolean') return { ok: false, reason: 'needsLongText is not true or false' };
  const given = typeof reason === 'string' ? reason.trim().slice(0, LONGEST_REASON) : '';
  return { ok: true, needsLongText, reason: given === '' ? 'no reason given' : given };
}

/** What a selection took of what it read, and what each step left out, in a few words. */
export function selectionLine(selection: {
  readonly selected: number;
  readonly read: number;
  readonly leftOut: Readonly<Record<string, number>>;
}): string {
  const steps = Object.entries(selection.leftOut).map(([step, count]) => `${count} ${step}`);
  const leftOut = steps.length > 0 ? `; left out: ${steps.join(', ')}` : '';
  return `${selection.selected} of ${selection.read} instructions${leftOut}`;
}

/** The JSON schema that a model is held to where the endpoint can enforce one. */
export function selectionSchema(): object {
  return {
    type: 'object',
    additionalProperties: false,
    required: ['reason', 'needsLongText'],
    properties: { reason: { type: 'string' }, needsLongText: { type: 'boolean' } },
  };
}
