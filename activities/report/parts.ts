import { decimal } from './format.ts';
import { html, type Markup } from './html.ts';

/** The paper's names of the two scores. */
export const LENGTH_SCORE = html`S<sub>l</sub>`;
export const QUALITY_SCORE = html`S<sub>q</sub>`;

/** A table that scrolls by itself on a narrow screen; the first cell of a row names it. With `names` 2 the second is text too. */
export function table(
  head: readonly (Markup | string)[],
  rows: readonly (readonly (Markup | string)[])[],
  names: 1 | 2 | 3 = 1,
): Markup {
  return html`<div class="scroll" tabindex="0">
    <table class="names-${names}">
      <thead>
        <tr>
          ${head.map((cell) => html`<th scope="col">${cell}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ([first, ...cells]) =>
            html`<tr>
              <th scope="row">${first ?? ''}</th>
              ${cells.map((cell) => html`<td>${cell}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

/** A chart with its title and what one has to know to read it. */
export function figure(title: string, chart: Markup, caption: Markup | string): Markup {
  return html`<figure>
    <h3>${withScoreNames(title)}</h3>
    ${chart}
    <figcaption>${caption}</figcaption>
  </figure>`;
}

/** What stands where a part of the run is missing. */
export function absent(message: string): Markup {
  return html`<p class="absent">${message}</p>`;
}

/** Text in which S_l and S_q are written as the paper writes them. */
export function withScoreNames(text: string): Markup {
  return html`${text.split(/(S_[lq])/).map((part) => (part === 'S_l' ? LENGTH_SCORE : part === 'S_q' ? QUALITY_SCORE : html`${part}`))}`;
}

/** A mean with its n. */
export function score(value: { readonly mean: number | null; readonly n: number }): Markup {
  return html`${decimal(value.mean)} <small>n ${value.n}</small>`;
}
