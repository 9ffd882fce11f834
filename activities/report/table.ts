import type { Estimate } from '../../domain/schemas/evaluation.ts';
import { decimal, whole } from './format.ts';
import { html, NOTHING, type Markup } from './html.ts';
import { modelLooks, type ModelLook } from './model-look.ts';
import { table, withScoreNames } from './parts.ts';

/** A cell of a table that is shown as HTML and as Markdown. */
export interface Cell {
  readonly text: string;
  /** What has to stand beside it, such as its interval and its n. */
  readonly notes?: readonly string[];
  /** The model that it names. */
  readonly look?: ModelLook;
}

/** A table before it has a form. */
export interface Table {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  /** Columns from the left that name a row. */
  readonly names?: 1 | 2 | 3;
}

/** A cell without more to it. */
export const plain = (text: string): Cell => ({ text });

/** A mean with its interval and n; one value alone has no interval, whatever a resampling of it gives. */
export function estimateCell({ mean, low, high, n }: Estimate, write: (value: number) => string = decimal): Cell {
  const interval = low === null || high === null || n < 2 ? [] : [`${write(low)} to ${write(high)}`];
  return { text: mean === null ? '–' : write(mean), notes: [...interval, `n ${whole(n)}`] };
}

/** The name of a model, by its place among others. */
export function modelCells(models: readonly string[]): ReadonlyMap<string, Cell> {
  return new Map([...modelLooks(models)].map(([model, look]) => [model, { text: look.label, look }]));
}

/** A table as part of the page. */
export function tableMarkup({ head, rows, names = 1 }: Table): Markup {
  return table(
    head.map(withScoreNames),
    rows.map((cells) => cells.map(cellMarkup)),
    names,
  );
}

/** The same below its title. */
export function titled(shown: Table): Markup {
  return html`<h3>${withScoreNames(shown.title)}</h3>
    ${tableMarkup(shown)}`;
}

function cellMarkup({ text, notes = [], look }: Cell): Markup {
  return html`${look ? html`<span class="key ${look.key}"></span>` : NOTHING}${withScoreNames(text)}${
    notes.length > 0 ? html` <small>${notes.join(' · ')}</small>` : NOTHING
  }`;
}

/** A table with its title as Markdown, in which no cell can leave its place. */
export function tableMarkdown({ title, head, rows, names = 1 }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    `### ${markdownCell(title)}`,
    '',
    line(head.map(markdownCell)),
    line(head.map((_, index) => (index < names ? '---' : '---:'))),
    ...rows.map((cells) =>
      line(
        cells.map(({ text, notes = [] }) => markdownCell(notes.length > 0 ? `${text} (${notes.join(', ')})` : text)),
      ),
    ),
  ].join('\n');
}

/** Text as Markdown that is only text in a cell: no markup, no HTML, no link or mention, no end of the cell or the line. */
export function markdownCell(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/&|<|@|:(?=\/\/)/g, (mark) => `&#${mark.charCodeAt(0)};`)
    .replace(/[\\`*_[\]|~$]/g, (mark) => `\\${mark}`);
}
