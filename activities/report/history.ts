import { fingerprint } from '../../domain/fingerprint.ts';
import type { Estimate, FiredModel, Firing } from '../../domain/schemas/evaluation.ts';
import { drawTrend } from './trend-chart.ts';
import { counted, decimal, listed } from './format.ts';
import { html, NOTHING, type Markup } from './html.ts';
import { renderPage } from './page.ts';
import { figure, table } from './parts.ts';

/** The scores whose trend is drawn, by the names that the report has for them. */
const TRENDS = [
  { score: 'overall', name: 'S̄' },
  { score: 'lengthScore', name: 'S_l' },
  { score: 'qualityScore', name: 'S_q' },
] as const;

/**
 * The history of a schedule: how the scores went from firing to firing, what changed between them, and what came of each.
 * One HTML file without a script. Pure: equal firings give equal bytes.
 *
 * @param firings oldest first
 */
export function renderHistory(schedule: string, firings: readonly Firing[]): string {
  const scored = firings.filter(({ outcome }) => outcome !== 'failed');
  const models = [...new Set(scored.flatMap((firing) => firing.models.map(({ model }) => model)))];
  const last = firings.at(-1);
  return renderPage(
    `${schedule} – LongWriter history`,
    html`<header>
        <p>LongWriter history</p>
        <h1>Schedule ${schedule}</h1>
        <p>
          ${counted(firings.length, 'firing')}, ${firings.filter(({ outcome }) => outcome === 'failed').length} failed
        </p>
      </header>
      ${last ? html`<p class="lead">${day(last.scheduledAt)}: ${last.outcome}. ${last.message}</p>` : NOTHING}
      ${models.map(
        (model) =>
          html`<section>
            <h2>${model}</h2>
            <div class="pair">
              ${TRENDS.map(({ score, name }) =>
                figure(`${name} of each firing`, drawTrend(name, trendOf(scored, model, score)), BAND),
              )}
            </div>
          </section>`,
      )}
      <section>
        <h2>Firings</h2>
        ${table(['due', 'outcome', 'scores', 'drift of the judge', 'changed', 'in words'], rows(firings), 2)}
      </section>`,
  );
}

const BAND =
  'The band is the 95 % interval. A dashed line marks a firing before which the model or the judge had changed.';

function trendOf(firings: readonly Firing[], model: string, score: (typeof TRENDS)[number]['score']) {
  return firings.flatMap((firing, index) => {
    const fired = firing.models.find((one) => one.model === model);
    if (!fired) return [];
    const before = firings.slice(0, index).findLast(({ outcome }) => outcome !== 'failed');
    const only = { ...firing, models: [fired] };
    const changed = changesOf(only, before).length > 0;
    return [{ at: Date.parse(firing.scheduledAt), changed, value: fired[score] }];
  });
}

/** Each firing in a row, the newest first. */
function rows(firings: readonly Firing[]): (Markup | string)[][] {
  return firings
    .map((firing, index) => {
      const before = firings.slice(0, index).findLast(({ outcome }) => outcome !== 'failed');
      return [
        day(firing.scheduledAt),
        firing.outcome,
        html`${firing.models.map(
          ({ model, overall, lengthScore, qualityScore }) =>
            html`<div>${model}: S̄ ${shown(overall)}, S_l ${shown(lengthScore)}, S_q ${shown(qualityScore)}</div>`,
        )}`,
        firing.calibration ? shown(firing.calibration.drift) : '–',
        listed(changesOf(firing, before)) || '–',
        html`<span class="text">${firing.message}</span>`,
      ];
    })
    .toReversed();
}

/** What is another than at the firing before: a score's change may be due to that. */
function changesOf({ judge, models }: Firing, before: Firing | undefined): string[] {
  if (!before || models.length === 0) return [];
  const changed = models.filter((one) => isOther(one, before.models));
  return [
    ...changed.map(({ model, identity }) => `${model} is now ${identity}`),
    ...(judge && before.judge && fingerprint(judge) !== fingerprint(before.judge)
      ? [`judge is now ${judge.model}`]
      : []),
  ];
}

function isOther({ model, identity }: FiredModel, before: readonly FiredModel[]): boolean {
  const known = before.find((one) => one.model === model);
  return known !== undefined && known.identity !== identity;
}

function shown({ mean, low, high }: Estimate): string {
  return low === null || high === null ? decimal(mean) : `${decimal(mean)} (${decimal(low)} to ${decimal(high)})`;
}

/** A time as people read it: 2026-11-26 03:00 UTC. */
function day(at: string): string {
  return `${at.slice(0, 16).replace('T', ' ')} UTC`;
}
