import { html, trustedMarkup, type Markup } from './html.ts';
import { STYLE } from './style.ts';

/** Nothing is loaded and nothing runs, whatever a name in the data might hold: the second guard behind the escaping. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** A page that opens anywhere, without a network or a script: the head that all share, around the title and what is in it. */
export function renderPage(title: string, main: Markup): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="${POLICY}" />
        <title>${title}</title>
        <style>
          ${trustedMarkup(STYLE)}
        </style>
      </head>
      <body>
        <main>${main}</main>
      </body>
    </html> `.text;
}
