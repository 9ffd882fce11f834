import { describe, expect, it } from 'vitest';
import { redrawNote } from '../../../domain/redraw.ts';
import { RejectionReason, type DrawReason } from '../../../domain/schemas/sample.ts';

const REASONS = RejectionReason.options.filter((reason): reason is DrawReason => /^(?:plan|section)-/.test(reason));

describe('redrawNote', () => {
  it.each(REASONS)('says in two sentences what was wrong and what to do for %s', (reason) => {
    const note = redrawNote({ reason, detail: '49 words, 100 planned' });
    expect(note).toMatch(/^Your earlier attempt was not accepted: [^.]+ \(49 words, 100 planned\)\. [A-Z][^.]+\.$/);
  });

  it('says something else for each reason', () => {
    expect(new Set(REASONS.map((reason) => redrawNote({ reason, detail: '' }))).size).toBe(REASONS.length);
    expect(REASONS).toHaveLength(14);
  });
});
