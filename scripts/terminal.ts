// Everything below 0x20 but tab and line feed, DEL, the C1 controls (0x9b begins an escape sequence too), the marks that
// turn the direction of text, and the separators that are line ends to some programs. A lone surrogate is no character.
const CONTROL = new RegExp(
  String.raw`[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|\p{Surrogate}`,
  'gu',
);
const NOT_PLAIN_JSON = new RegExp(String.raw`[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]`, 'g');

/** Text of a model or a user as a terminal may have it: control characters become pictures of themselves, such as ␛. */
export function printable(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(CONTROL, (character) => {
    const code = character.charCodeAt(0);
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    return code === 0x7f ? '\u2421' : '\ufffd';
  });
}

/** The same in one line, cut to a number of characters. */
export function printableLine(text: string, most: number): string {
  const line = printable(text.slice(0, most * 8).replace(/\s+/g, ' ')).trim();
  const characters = Array.from(line);
  return characters.length <= most ? line : `${characters.slice(0, most - 1).join('')}…`;
}

/** A value as JSON that a terminal may have: `JSON.stringify` leaves some control characters as they are. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value).replace(
    NOT_PLAIN_JSON,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Rows under one another: columns that hold a number to the right, the others to the left. */
export function columns(rows: readonly (readonly (string | number)[])[]): string[] {
  const cells = rows.map((row) => row.map((cell) => (typeof cell === 'number' ? cell.toLocaleString('en-US') : cell)));
  const widest = (column: number): number =>
    cells.reduce((most, row) => Math.max(most, Array.from(row[column] ?? '').length), 0);
  const shape = (cells[0] ?? []).map((_, column) => ({
    width: widest(column),
    isNumber: rows.some((row) => typeof row[column] === 'number'),
  }));
  return cells.map((row) =>
    row
      .map((cell, column) => {
        const { width, isNumber } = shape[column]!;
        const padding = ' '.repeat(width - Array.from(cell).length);
        return isNumber ? padding + cell : cell + padding;
      })
      .join('  ')
      .trimEnd(),
  );
}

/** A bar of blocks as long as its share of the most. */
export function bar(count: number, most: number): string {
  const blocks = most === 0 ? 0 : (count / most) * 40;
  return count > 0 && blocks < 1 ? '▏' : '█'.repeat(Math.round(blocks));
}
