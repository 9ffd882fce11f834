import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseSelection } from '../../../domain/selection.ts';

describe('parseSelection', () => {
  test.each([
    ['bare', '{"needsLongText": true, "reason": "a novel"}', true],
    ['fenced', '```json\n{"reason": "short", "needsLongText": false}\n```', false],
    ['after prose', 'My decision:\n{"needsLongText": false, "reason": "a list"} Hope it helps.', false],
  ])('reads a verdict that stands there %s', (_, text, needsLongText) => {
    expect(parseSelection(text)).toMatchObject({ ok: true, needsLongText });
  });

  test('a verdict without a reason is one', () => {
    expect(parseSelection('{"needsLongText": true}')).toEqual({
      ok: true,
      needsLongText: true,
      reason: 'no reason given',
    });
  });

  test.each([
    ['', 'no JSON object'],
    ['Yes, it does.', 'no JSON object'],
    ['{"needsLongText": true', 'no JSON object'],
    ['{"needsLongText": maybe}', 'broken JSON'],
    ['{"needsLongText": "true"}', 'needsLongText is not true or false'],
    ['{"needsLongText": 1}', 'needsLongText is not true or false'],
    ['{"reason": "long"}', 'needsLongText is not true or false'],
    ['[{"needsLongText": true}, {"needsLongText": false}]', 'more than one verdict'],
    ['The form is {"needsLongText": true}. Mine: {"needsLongText": false}', 'more than one verdict'],
  ])('what is unclear is no verdict: %s', (text, reason) => {
    expect(parseSelection(text)).toEqual({ ok: false, reason });
  });

  test('never throws, and keeps reasons short', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(parseSelection(text).reason.length).toBeLessThanOrEqual(300);
      }),
    );
    const long = parseSelection(JSON.stringify({ needsLongText: true, reason: 'x'.repeat(5000) }));
    expect(long.reason).toHaveLength(300);
  });
});
