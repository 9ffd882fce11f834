import { drawDatasetLengths, drawHistogram } from './charts.ts';
import type { ReportData } from './data.ts';
import { counted, duration, meanOf, whole } from './format.ts';
import { html, type Markup } from './html.ts';
import { absent, figure, table } from './parts.ts';

/** What became of the instructions, and how long the dataset's texts are. */
export function datasetSection({ dataset }: ReportData): Markup {
  if (!dataset)
    return html`<section>
      <h2>Dataset</h2>
      ${absent('No dataset was assembled in this run.')}
    </section>`;
  const rejections = Object.entries(dataset.rejected).toSorted(([, a], [, b]) => b - a);
  const sum = dataset.kept + dataset.failed + rejections.reduce((total, [, count]) => total + count, 0);
  return html`<section>
    <h2>Dataset <small>${dataset.name}</small></h2>
    ${table(
      ['Instructions', 'Count'],
      [
        ['kept', whole(dataset.kept)],
        ...rejections.map(([reason, count]) => [html`rejected: ${reason}`, whole(count)]),
        ['failed, without a verdict', whole(dataset.failed)],
        [html`<strong>all</strong>`, html`<strong>${whole(sum)}</strong>`],
      ],
    )}
    ${
      dataset.selected === undefined || dataset.selected === sum
        ? ''
        : html`<aside class="warning">
            <p>These add up to ${whole(sum)}, but ${counted(dataset.selected, 'instruction')} were selected.</p>
          </aside>`
    }
    <div class="pair">
      ${
        dataset.words.length > 0
          ? figure(
              'Length of the samples',
              drawHistogram(dataset.words),
              `Mean ${whole(meanOf(dataset.words)!)} words, n = ${whole(dataset.words.length)}. A bar holds its lower bound, not its upper.`,
            )
          : absent('No sample was kept, so there are no lengths to draw.')
      }
      ${
        dataset.points.length > 0
          ? figure(
              'Required against written',
              drawDatasetLengths(dataset.points),
              `Dashed: as many words as required. n = ${whole(dataset.points.length)} samples that state a length.`,
            )
          : absent('No sample states a required length.')
      }
    </div>
  </section>`;
}

/** What each stage took and made. */
export function stagesSection({ stages }: ReportData): Markup {
  if (stages.length === 0)
    return html`<section>
      <h2>Stages</h2>
      ${absent('No stage has finished.')}
    </section>`;
  const total = stages.reduce((sum, { seconds }) => sum + seconds, 0);
  return html`<section>
    <h2>Stages <small>${duration(total)} together</small></h2>
    <div class="scroll" tabindex="0">
      <table class="stages">
        <thead>
          <tr>
            <th scope="col">Stage</th>
            <th scope="col">Time</th>
            <th scope="col" class="text">What it made</th>
          </tr>
        </thead>
        <tbody>
          ${stages.map(
            ({ stage, seconds, summary }) =>
              html`<tr>
                <th scope="row">${stage}</th>
                <td>
                  ${duration(seconds)}<span
                    class="bar"
                    style="width:${total > 0 ? Math.round((100 * seconds) / total) : 0}%"
                  ></span>
                </td>
                <td class="text">${summary}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </section>`;
}

/** Model calls, and the tokens they took. */
export function callsSection({ calls, writer }: ReportData): Markup {
  const share = calls.promptTokens > 0 ? ` (${Math.round((100 * calls.cachedTokens) / calls.promptTokens)} %)` : '';
  return html`<section>
    <h2>Model calls</h2>
    ${table(
      ['Writer', 'Calls', 'Prompt tokens', 'of them from a cache', 'Tokens written'],
      [
        [
          writer.model,
          whole(calls.calls),
          whole(calls.promptTokens),
          `${whole(calls.cachedTokens)}${share}`,
          whole(calls.completionTokens),
        ],
      ],
    )}
    <p class="note">
      All calls that the stages’ results come from, whichever run paid for them: an answer is asked for once in a store.
    </p>
  </section>`;
}
