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
import { html, NOTHING } from './html.ts';
import { paperSection } from './paper-results.ts';
import { renderPage } from './page.ts';
import { callsSection, datasetSection, stagesSection } from './pipeline-sections.ts';
import { trainingSection } from './training-section.ts';

/**
 * The report of a run: one HTML file that opens anywhere, without a network or a script.
 *
 * Pure: equal data gives equal bytes. It holds numbers, names from the configuration, and a few answers, of which nothing is markup.
 */
export function renderReport(data: ReportData): string {
  const benchmarks = [...new Set(data.evaluations.map(({ benchmark }) => benchmark))];
  return renderPage(
    `${data.run} – LongWriter report`,
    html`<header>
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
        n is the number of answers that a mean is taken over. Method: arXiv 2408.07055 (LongWriter); where this pipeline
        differs from it is written in docs/paper.md of the project.
      </footer>`,
  );
}
