import type { ReportData } from './data.ts';
import { benchmarkName } from './benchmark-name.ts';
import {
  healthSection,
  lengthsSection,
  scoresSection,
  settingsSection,
  verdictSection,
} from './evaluation-sections.ts';
import { examplesSection } from './examples-section.ts';
import { html, NOTHING, trustedMarkup } from './html.ts';
import { paperSection } from './paper-results.ts';
import { callsSection, datasetSection, stagesSection } from './pipeline-sections.ts';
import { STYLE } from './style.ts';
import { trainingSection } from './training-section.ts';

/** Nothing is loaded and nothing runs, whatever a name in the data might hold: the second guard behind the escaping. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/**
 * The report of a run: one HTML file that opens anywhere, without a network or a script.
 *
 * Pure: equal data gives equal bytes. It holds numbers, names from the configuration, and a few answers, of which nothing is markup.
 */
export function renderReport(data: ReportData): string {
  const benchmarks = [...new Set(data.evaluations.map(({ benchmark }) => benchmark))];
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="${POLICY}" />
        <title>${data.run} – LongWriter report</title>
        <style>
          ${trustedMarkup(STYLE)}
        </style>
      </head>
      <body>
        <main>
          <header>
            <p>LongWriter report</p>
            <h1>Run ${data.run}</h1>
            <p>
              Writer:
              ${data.writer.model}${benchmarks.length > 0 ? html` · Benchmark: <code>${benchmarks.map(benchmarkName).join(', ')}</code>` : ''}
            </p>
          </header>
          ${verdictSection(data)} ${lengthsSection(data)} ${scoresSection(data)} ${paperSection(data.evaluations)}
          ${healthSection(data)} ${data.examples && data.examples.length > 0 ? examplesSection(data) : NOTHING}
          ${settingsSection(data)} ${datasetSection(data)} ${trainingSection(data)} ${stagesSection(data)}
          ${callsSection(data)}
          <footer>
            n is the number of answers that a mean is taken over. Method: arXiv 2408.07055 (LongWriter); where this
            pipeline differs from it is written in docs/paper.md of the project.
          </footer>
        </main>
      </body>
    </html>`.text;
}
