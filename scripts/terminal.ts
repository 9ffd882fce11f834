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

/** Characters that take two columns of a terminal: East Asian ones and emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;

/** Columns that a line of printable text takes, never less than it does. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += WIDE.test(character) ? 2 : 1;
  return width;
}

/** A line of printable text in at most so many columns. */
export function cutToWidth(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let kept = '';
  let room = Math.max(0, width - 1);
  for (const character of text) {
    room -= widthOf(character);
    if (room < 0) break;
    kept += character;
  }
  return width > 0 ? `${kept}…` : '';
}

/** A printable text in lines of so many columns, cut after `most` of them; none for no text. */
export function wrapToWidth(text: string, width: number, most: number): string[] {
  const lines: string[] = [];
  let rest = text.trim();
  while (rest !== '') {
    if (lines.length === most - 1 || widthOf(rest) <= width) return [...lines, cutToWidth(rest, width)];
    const whole = cutToWidth(rest, width + 1).slice(0, -1);
    const space = whole.lastIndexOf(' ');
    const line = space > width / 2 ? whole.slice(0, space) : whole;
    // Where not even one character fits there is nothing to show.
    if (line === '') return lines;
    lines.push(line);
    rest = rest.slice(line.length).trim();
  }
  return lines;
}
