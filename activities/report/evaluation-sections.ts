import { isAnyJudged } from '../../domain/evaluation.ts';
import type { EvaluationScores } from '../../domain/schemas/evaluation.ts';
import { drawModelLengths } from './charts.ts';
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
import { counted, whole } from './format.ts';
import { html, NOTHING, type Markup } from './html.ts';
import { judgeNote } from './judge-note.ts';
import { modelLooks } from './model-look.ts';
import { absent, figure, LENGTH_SCORE, QUALITY_SCORE, withScoreNames } from './parts.ts';
import { drawDifferences, drawDimensions, drawLengthShares, drawPositions } from './score-charts.ts';
import { tableMarkup, titled } from './table.ts';
import { meanRequired, verdict } from './verdict.ts';

/** The first thing one sees: mean words asked for, and written by each model, and what that says. */
export function verdictSection(data: ReportData): Markup {
  const { evaluations } = data;
  const looks = modelLooks(evaluations.map(({ model }) => model));
  const [lengths, ...others] = verdict(data);
  return html`<section>
    <h2>What this run shows</h2>
    ${
      evaluations.length > 0
        ? html`<ul class="figures">
            <li>
              <span>asked for</span><strong>${words(meanRequired(evaluations))}</strong><small>words on average</small>
            </li>
            ${evaluations.map(({ model, overall: { words: written } }) => {
              const { label, key } = looks.get(model)!;
              return html`<li class="${key}">
                <span>${label} wrote</span><strong>${words(written.mean)}</strong
                ><small>${range(written)}n ${whole(written.n)}</small>
              </li>`;
            })}
          </ul>`
        : NOTHING
    }
    <p class="lead">${lengths}</p>
    ${others.length > 0 ? html`<p>${withScoreNames(others.join(' '))}</p>` : NOTHING}
  </section>`;
}

/** Scores of the models: by length, language and type, by dimension, and against one another. */
export function scoresSection(data: ReportData): Markup {
  const { evaluations, comparisons, judgeIsStandIn } = data;
  if (evaluations.length === 0)
    return html`<section>
      <h2>Scores</h2>
      ${absent('No model was evaluated in this run.')}
    </section>`;
  const isJudged = isAnyJudged(evaluations);
  const scored = evaluations.some(({ overall }) => overall.qualityScore.n > 0);
  const compared = comparisons.filter(({ lengthScore }) => lengthScore.mean !== null);
  return html`<section>
    <h2>Scores</h2>
    ${tableMarkup(bucketTable(evaluations))}
    <p class="note">
      ${LENGTH_SCORE}: how close the length is to what was asked for, 0 to 100.
      ${
        isJudged
          ? html`${QUALITY_SCORE}: the judge’s mean over six dimensions, 0 to 100. S̄: the mean of both.`
          : NOTHING
      }
      Below a mean its 95 % interval, by resampling the prompts.
      ${
        isJudged
          ? html`An answer that the judge left unscored lowers the n of ${QUALITY_SCORE} and counts nowhere else.`
          : NOTHING
      }
    </p>
    ${judgeNote(evaluations, judgeIsStandIn)}
    ${
      compared.length > 0
        ? html`${titled(comparisonTable(comparisons, evaluations))}
          ${figure('Differences with their 95 % intervals', drawDifferences(compared), 'An interval that crosses the dashed line holds no difference that can be told from chance.')}`
        : NOTHING
    }
    ${kindTable(evaluations).rows.length > 0 ? titled(kindTable(evaluations)) : NOTHING}
    ${
      scored
        ? html`${figure(dimensionTable(evaluations).title, drawDimensions(evaluations), 'Means over the answers with a score.')}
          ${tableMarkup(dimensionTable(evaluations))}`
        : isJudged
          ? absent('No answer has a score of the judge, so there are no dimensions to draw.')
          : NOTHING
    }
  </section>`;
}

/** How long the answers are, against what was asked for and what the models were trained on. */
export function lengthsSection({ evaluations, dataset }: ReportData): Markup {
  if (!evaluations.some(({ points }) => points.length > 0)) return NOTHING;
  const training = dataset?.words ?? [];
  const table = lengthTable(evaluations);
  const empty = evaluations.some(({ points }) => points.some(({ written }) => written === 0));
  return html`<section>
    <h2>Lengths</h2>
    <div class="pair">
      ${figure(
        'Length of every answer',
        drawModelLengths(evaluations),
        `Dashed: as many words as asked for. n = ${evaluations.map(({ points }) => whole(points.length)).join(' + ')} answers.${empty ? ' Answers without a word stand on the lower edge.' : ''}`,
      )}
      ${figure(
        training.length > 0 ? 'Training data and answers' : 'Lengths of the answers',
        drawLengthShares(training, evaluations),
        `Share of the texts by words; a bar holds its lower bound.${training.length > 0 ? ` The training data has ${counted(training.length, 'text')}.` : ''}`,
      )}
    </div>
    ${table.rows.length > 0 ? titled(table) : NOTHING}
  </section>`;
}

/** What a mean hides: how answers end, repeat themselves and hold up along the text. */
export function healthSection({ evaluations }: ReportData): Markup {
  if (evaluations.length === 0) return NOTHING;
  const positions = positionTable(evaluations);
  return html`<section>
    <h2>More than a mean</h2>
    ${tableMarkup(healthTable(evaluations))}
    <p class="note">
      Padding scores full marks for length. Distinct 4-grams: share of an answer’s runs of four tokens that it does not
      repeat. Compression ratio: bytes for each byte after gzip; a loop compresses far better than prose. Deviation:
      standard deviation; a dash where there is one of each.
    </p>
    ${
      positions.rows.length > 0
        ? html`${figure(positions.title, drawPositions(evaluations), 'Each window judged by itself; the band is the 95 % interval. Fewer texts are as long as the later windows.')}
            <details>
              <summary>The same in numbers</summary>
              ${tableMarkup(positions)}
            </details>`
        : NOTHING
    }
  </section>`;
}

/** Who judged, how it was sampled, and what intervals are made of. */
export function settingsSection({ evaluations, calibration }: ReportData): Markup {
  if (evaluations.length === 0) return NOTHING;
  return html`<section>
    <h2>Judge and settings</h2>
    ${tableMarkup(settingsTable(evaluations, calibration))}
  </section>`;
}

function words(mean: number | null): string {
  return mean === null ? '–' : whole(mean);
}

function range({ low, high }: EvaluationScores['overall']['words']): string {
  return low === null || high === null ? '' : `${whole(low)} to ${whole(high)} · `;
}
