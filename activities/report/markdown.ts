import type { ReportData } from './data.ts';
import {
  bucketTable,
  comparisonTable,
  dimensionTable,
  healthTable,
  kindTable,
  lengthTable,
  positionTable,
  settingsTable,
} from './evaluation-tables.ts';
import { longDpoTable, paperTable, paperWarning } from './paper-results.ts';
import { markdownCell, tableMarkdown } from './table.ts';
import { verdict } from './verdict.ts';

/** The evaluation of a run as Markdown: verdict and tables of the HTML report, without its charts and answers. */
export function renderMarkdown(data: ReportData): string {
  const { evaluations, comparisons, calibration } = data;
  const tables =
    evaluations.length === 0
      ? []
      : [
          bucketTable(evaluations),
          comparisonTable(comparisons, evaluations),
          kindTable(evaluations),
          dimensionTable(evaluations),
          lengthTable(evaluations),
          positionTable(evaluations),
          healthTable(evaluations),
          settingsTable(evaluations, calibration),
        ].filter(({ rows }) => rows.length > 0);
  const parts = [
    `# LongWriter report: run ${markdownCell(data.run)}`,
    markdownCell(verdict(data).join(' ')),
    ...tables.map(tableMarkdown),
    '## Beside others’ numbers',
    markdownCell(paperWarning(evaluations).text),
    tableMarkdown(paperTable()),
    tableMarkdown(longDpoTable()),
  ];
  return `${parts.join('\n\n')}\n`;
}
