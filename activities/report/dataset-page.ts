import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { DatasetEntry } from '../../domain/dataset-entry.ts';
import { whole } from './format.ts';
import { html, trustedMarkup } from './html.ts';
import { STYLE } from './style.ts';

/** Characters of an instruction that the page's list holds, for its search; the whole of it is among the details. */
const SEARCHED = 2000;

/** What the page's head tells. */
export interface DatasetPageHead {
  readonly run: string;
  readonly folder: string;
  /** What does not fit together, one line each. */
  readonly complaints: readonly string[];
}

/** What opens at a click: everything of one sample that the list does not hold. */
export interface SampleDetails {
  readonly prompt: string | null;
  readonly documents: readonly string[];
  /** `stale`: of another text than the dataset's; `none`: it failed, so there need not be one. */
  readonly view: 'found' | 'stale' | 'gone' | 'none';
  readonly plan: readonly { readonly mainPoint: string; readonly words: number }[];
  readonly sections: readonly { readonly words: number }[];
  readonly refused: readonly { readonly step: string; readonly reason: string }[];
  readonly summaries: number;
  /** One for each section, or the whole where it cannot be told apart. */
  readonly texts: readonly string[];
}

const compress = promisify(gzip);

/**
 * The page of a dataset: one HTML file that opens anywhere, also of thousands of long samples. Its list stands in
 * it as JSON; the details of a sample are compressed, and inflated by the browser when it is opened.
 *
 * Nothing that a model or a user wrote is ever markup: in JSON every `<` is escaped, compressed details are base64, and the
 * script, the only one that the policy lets run, writes texts as text. Pure: equal data gives equal bytes.
 *
 * @param details of each entry, in their order; compressed and written one by one
 * @yields the page in pieces
 */
export async function* datasetPage(
  head: DatasetPageHead,
  entries: readonly DatasetEntry[],
  details: AsyncIterable<SampleDetails>,
): AsyncGenerator<string> {
  const script = readFileSync(new URL('./dataset-page-script.js', import.meta.url), 'utf8');
  yield pageHead(head, entries.length, createHash('sha256').update(script).digest('base64'));
  yield '<script type="application/json" id="index">[';
  for (const [index, entry] of entries.entries()) yield `${index === 0 ? '' : ','}\n${embeddedJson(listed(entry))}`;
  // The list is shown while the details still load.
  yield `\n]</script>\n<script>${script}</script>\n`;
  let index = 0;
  for await (const one of details) {
    yield `<script type="text/plain" id="details-${index++}">${await packed(one)}</script>\n`;
  }
  yield '</body></html>\n';
}

/** JSON that may stand in a script element, whatever its texts hold. */
export function embeddedJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Details as the page's script unpacks them: JSON, compressed, in base64. */
export async function packed(details: SampleDetails): Promise<string> {
  return (await compress(JSON.stringify(details))).toString('base64');
}

function listed(entry: DatasetEntry): object {
  const { instruction, ...rest } = entry;
  return { ...rest, instruction: instruction?.slice(0, SEARCHED) ?? null };
}

function pageHead({ run, folder, complaints }: DatasetPageHead, samples: number, scriptHash: string): string {
  const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${scriptHash}'; base-uri 'none'; form-action 'none'`;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <title>${run} – LongWriter dataset</title>
        <style>
          ${trustedMarkup(STYLE + PAGE_STYLE)}
        </style>
      </head>
      <body>
        <main>
          <header>
            <p>LongWriter dataset</p>
            <h1>Run ${run}</h1>
            <p>${whole(samples)} samples · <code>${folder}</code></p>
          </header>
          ${complaints.map((complaint) => html`<aside class="warning"><p>${complaint}</p></aside>`)}
          <noscript><p class="absent">This page needs JavaScript to show its samples.</p></noscript>
          <form id="filters">
            <label
              >verdict
              <select name="verdict"></select
            ></label>
            <label
              >language
              <select name="language"></select
            ></label>
            <label>words from <input name="minWords" type="number" min="0" /></label>
            <label>to <input name="maxWords" type="number" min="0" /></label>
            <label
              >order
              <select name="order"></select
            ></label>
            <label class="wide">instruction <input name="search" type="search" placeholder="search" /></label>
          </form>
          <p class="note"><span id="count" role="status"></span> <span id="pages"></span></p>
          <div class="browser">
            <div class="scroll">
              <table>
                <thead>
                  <tr>
                    <th>instruction</th>
                    <th class="text">verdict</th>
                    <th>words</th>
                    <th>required</th>
                    <th>S<sub>l</sub></th>
                  </tr>
                </thead>
                <tbody id="rows"></tbody>
              </table>
            </div>
            <article id="sample" tabindex="-1"><p class="absent">Choose a sample to read it.</p></article>
          </div>
        </main>
      </body>
    </html>`.text.replace(/<\/body>\s*<\/html>$/, '');
}

const PAGE_STYLE = `
main { max-width: 1500px; padding-bottom: 24px; }
#filters { display: flex; flex-wrap: wrap; gap: 10px 16px; margin: 20px 0 8px; font-size: 14px; color: var(--muted); align-items: end; }
#filters :is(input, select) { display: block; font: inherit; color: var(--text); background: var(--page); border: 1px solid var(--line); border-radius: 6px; padding: 5px 8px; height: 36px; }
#filters input[type='number'] { width: 100px; } #filters .wide { flex: 1 1 220px; } #filters .wide input { width: 100%; }
button { font: inherit; color: inherit; background: none; border: 0; padding: 0; text-align: left; cursor: pointer; overflow-wrap: anywhere; }
#pages button { border: 1px solid var(--line); border-radius: 6px; padding: 2px 10px; margin-left: 8px; } #pages button:disabled { opacity: 0.4; cursor: default; }
.browser { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1.1fr); gap: 32px; align-items: start; }
#rows td { white-space: normal; font-size: 14px; } #rows td:first-child { min-width: 200px; } #rows td.text { min-width: 110px; padding-left: 10px; }
th.text { padding-left: 10px; }
#rows button { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 3; overflow: hidden; }
#rows tr:hover, #rows tr[aria-current] { background: var(--panel); } #rows tr { cursor: pointer; }
#sample { position: sticky; top: 0; max-height: 100vh; overflow: auto; padding: 8px 2px 40px; outline: none; }
#sample h2 { margin-top: 8px; } #sample td:last-child, #sample th:last-child { text-align: left; white-space: normal; }
.written { white-space: pre-wrap; overflow-wrap: anywhere; max-width: 72ch; unicode-bidi: isolate; }
.kept { color: var(--accent); } .rejected { color: var(--dpo); } .failed { color: var(--muted); }
@media (max-width: 1000px) { .browser { grid-template-columns: 1fr; } #sample { position: static; max-height: none; } }
`;
