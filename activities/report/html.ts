/** A piece of a page in which every value is already escaped; only `html` and `trustedMarkup` make one. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** What may stand in a template: text and numbers are escaped, markup and lists of markup are taken as they are. */
export type Value = string | number | Markup | readonly Markup[];

/**
 * A template tag that escapes by default, for text and for attributes in double quotes.
 *
 * Ours, since the libraries that are kept up return plain strings: with them every nested part has to be marked as raw by
 * hand, at each place, and one mark too many lets hostile text through. Here the type knows.
 */
export function html(strings: TemplateStringsArray, ...values: readonly Value[]): Markup {
  return new Markup(strings.reduce((page, part, index) => page + render(values[index - 1]!) + part));
}

/** Markup from text that this project made itself, such as a chart; never from anything that a model or a user wrote. */
export function trustedMarkup(text: string): Markup {
  return new Markup(text);
}

/** Nothing, where a part of a page is absent. */
export const NOTHING = new Markup('');

/** Text as it may stand in HTML, in an element and in a quoted attribute. */
export function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function render(value: Value): string {
  if (value instanceof Markup) return value.text;
  if (typeof value === 'string') return escapeText(value);
  if (typeof value === 'number') return String(value);
  return value.map(render).join('');
}
