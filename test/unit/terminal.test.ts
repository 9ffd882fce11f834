import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bar, columns, printable, printableJson, printableLine } from '../../scripts/terminal.ts';
import { HOSTILE } from './dataset-run.ts';

/** What a terminal acts on, beside tab and line feed, and what turns the direction of a line. */
const isActive = (code: number): boolean =>
  (code < 0x20 && code !== 0x09 && code !== 0x0a) ||
  (code >= 0x7f && code <= 0x9f) ||
  (code >= 0x2028 && code <= 0x202e);
const active = (text: string): string[] => Array.from(text).filter((character) => isActive(character.codePointAt(0)!));

const hostile = fc.array(
  fc.constantFrom(...Array.from('a茶😀\n\t\r\0\u0007\u001b\u007f\u0085\u009b\u2028\u202e\ud800')),
  {
    maxLength: 30,
  },
);

describe('text for a terminal', () => {
  it('shows escape sequences instead of sending them', () => {
    expect(printable('\u001b]0;title\u0007a\u001b[2Jb\u009b31m\u202ec\r\nd\te\u007f')).toBe(
      '␛]0;title␇a␛[2Jb\ufffd31m\ufffdc\nd\te␡',
    );
  });

  it('never holds a control character, and is never empty where the text was not', () => {
    fc.assert(
      fc.property(hostile, (characters) => {
        const text = characters.join('');
        expect(active(printable(text))).toEqual([]);
        expect(active(printableLine(text, 5)).concat(printableLine(text, 5).match(/\n|\t/g) ?? [])).toEqual([]);
        expect(Array.from(printableLine(text, 5)).length).toBeLessThanOrEqual(5);
      }),
    );
  });

  it('is the same value again as JSON', () => {
    const json = printableJson({ text: HOSTILE });
    expect(active(json)).toEqual([]);
    expect(JSON.parse(json)).toEqual({ text: HOSTILE });
  });

  it('stands in columns, numbers to the right', () => {
    expect(
      columns([
        ['reason', 'rows'],
        ['茶', 1234],
        ['–', '–'],
      ]),
    ).toEqual(['reason   rows', '茶       1,234', '–           –']);
    expect([bar(40, 40).length, bar(20, 40).length, bar(1, 1000), bar(0, 0)]).toEqual([40, 20, '▏', '']);
  });
});
