import { markdownKey, reportKey, scoresKey } from '../domain/keys.ts';
import type { RunScores } from '../domain/schemas/evaluation.ts';
import type { ActivityDeps } from './deps.ts';
import { whileBeating } from './heartbeat.ts';
import { jsonBytes } from './io/store/json.ts';
import { readReportData } from './report-data.ts';
import type { RunReference } from './run-files.ts';

/** Draws the report of what a run's stages left, as HTML and Markdown, and puts all of its scores beside it. */
export async function publishReport(deps: ActivityDeps, input: RunReference): Promise<{ path: string }> {
  return whileBeating(async () => {
    const data = await readReportData(deps, input);
    const { run, evaluations, comparisons, calibration } = data;
    // Charts are large, and only this needs them.
    const { renderReport } = await import('./report/report.ts');
    const { renderMarkdown } = await import('./report/markdown.ts');
    const scores: RunScores = {
      run,
      evaluations: [...evaluations],
      comparisons: [...comparisons],
      ...(calibration && { calibration }),
    };
    const encoder = new TextEncoder();
    await deps.store.putView(scoresKey(run), jsonBytes(scores));
    await deps.store.putView(markdownKey(run), encoder.encode(renderMarkdown(data)));
    // Last: where the report is, everything is.
    const path = reportKey(run);
    await deps.store.putView(path, encoder.encode(renderReport(data)));
    return { path };
  });
}
