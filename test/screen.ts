/** What a terminal of a number of columns shows, scrolled-off lines with it, for the sequences that our bars are drawn with. */
export class Screen {
  #columns: number;
  #lines: string[][] = [[]];
  #row = 0;
  #column = 0;

  constructor(columns: number) {
    this.#columns = columns;
  }

  /** Makes it narrower or wider: what stands on it is broken anew, as most terminals do. */
  resize(columns: number): void {
    const before = this.#lines;
    this.#columns = columns;
    this.#lines = before.flatMap((line) => {
      const parts: string[][] = [];
      for (let at = 0; at === 0 || at < line.length; at += columns) parts.push(line.slice(at, at + columns));
      return parts;
    });
    this.#row = this.#lines.length - 1;
    this.#column = Math.min(this.#column, columns - 1);
  }

  write(text: string): void {
    // oxlint-disable-next-line no-control-regex
    for (const [token, parameter, action] of text.matchAll(/\u001b\[([?\d;]*)([A-Za-z])|[^\u001b]/gu)) {
      if (action === undefined) this.#put(token);
      else this.#act(action, Number(parameter?.replace(/\D/g, '') || 1), parameter ?? '');
    }
  }

  /** The lines, without the empty ones at the end. */
  get lines(): string[] {
    const lines = this.#lines.map((line) => line.join('').trimEnd());
    while (lines.at(-1) === '') lines.pop();
    return lines;
  }

  #put(character: string): void {
    if (character === '\r') this.#column = 0;
    else if (character === '\n') this.#down();
    else {
      if (this.#column >= this.#columns) {
        this.#column = 0;
        this.#down();
      }
      this.#lines[this.#row]![this.#column++] = character;
    }
  }

  #down(): void {
    this.#row += 1;
    this.#lines[this.#row] ??= [];
  }

  #act(action: string, count: number, parameter: string): void {
    if (action === 'A') this.#row = Math.max(0, this.#row - count);
    else if (action === 'B') for (let at = 0; at < count; at++) this.#down();
    else if (action === 'G') this.#column = count - 1;
    else if (action === 'K' && parameter === '2') this.#lines[this.#row] = [];
    else if (action === 'K') this.#lines[this.#row]!.length = Math.min(this.#column, this.#lines[this.#row]!.length);
    else if (action === 'J') {
      this.#lines.length = this.#row + 1;
      this.#lines[this.#row]!.length = this.#column;
    }
  }
}
