import { BUCKETS } from '../../domain/evaluation.ts';
import { DIMENSIONS, type Dimension } from '../../domain/schemas/completion.ts';
import type { EvaluationScores, ScoreSummary } from '../../domain/schemas/evaluation.ts';
import { drawModelLengths } from './charts.ts';
import { decimal, meanOf, whole } from './format.ts';
import { html, NOTHING, type Markup } from './html.ts';
import { judgeNote } from './judge-note.ts';
import { modelLabel } from './model-label.ts';
import { absent, figure, LENGTH_SCORE, QUALITY_SCORE, score, table } from './parts.ts';
import { verdict } from './verdict.ts';

/** The first thing one sees: mean words asked for, and written by each model. */
export function verdictSection(evaluations: readonly EvaluationScores[]): Markup {
  const [first, ...others] = verdict(evaluations);
  const required = evaluations[0]?.points.map((point) => point.required) ?? [];
  return html`<section>
    <h2>What this run shows</h2>
    ${
      evaluations.length > 0
        ? html`<ul class="figures">
            <li>
              <span>asked for</span><strong>${words(meanOf(required))}</strong
              ><small>on average · n ${required.length}</small>
            </li>
            ${evaluations.map(
              ({ model, overall }) =>
                html`<li class="${model}">
                  <span>${modelLabel(model)} wrote</span><strong>${words(overall.words.mean)}</strong
                  ><small>on average · n ${overall.words.n}</small>
                </li>`,
            )}
          </ul>`
        : NOTHING
    }
    <p class="lead">${first}</p>
    ${others.map((sentence) => html`<p>${sentence}</p>`)}
  </section>`;
}

/** Scores of the models: overall, by length, by dimension, and each answer's length. */
export function scoresSection(evaluations: readonly EvaluationScores[], judgeIsStandIn: boolean): Markup {
  if (evaluations.length === 0)
    return html`<section>
      <h2>Scores</h2>
      ${absent('No model was evaluated in this run.')}
    </section>`;
  return html`<section>
    <h2>Scores</h2>
    ${table(
      ['Model', LENGTH_SCORE, QUALITY_SCORE, 'Mean of both', 'Mean words', 'Ended by itself', 'Unscored'],
      evaluations.map(({ model, overall }) => [modelName(model), ...scores(overall)]),
    )}
    <p class="note">
      ${LENGTH_SCORE}: how close the length is to what was asked for, 0 to 100. ${QUALITY_SCORE}: the judge’s mean over
      six dimensions, 0 to 100. An answer that the judge left unscored lowers the n of ${QUALITY_SCORE} and counts
      nowhere else.
    </p>
    ${judgeNote(evaluations, judgeIsStandIn)}
    ${
      evaluations.some(({ points }) => points.length > 0)
        ? figure(
            'Length of every answer',
            drawModelLengths(evaluations),
            html`Dashed: as many words as asked for. n = ${evaluations.map(({ points }) => points.length).join(' + ')}
            answers.
            ${
              evaluations.some(({ points }) => points.some(({ written }) => written === 0))
                ? 'Answers without a word stand on the lower edge.'
                : ''
            }`,
          )
        : absent('No answers to draw.')
    }
    <h3>By required length</h3>
    ${table(
      [
        'Words asked for',
        'Model',
        LENGTH_SCORE,
        QUALITY_SCORE,
        'Mean of both',
        'Mean words',
        'Ended by itself',
        'Unscored',
      ],
      BUCKETS.flatMap(({ name }) =>
        evaluations.flatMap(({ model, buckets }) =>
          buckets[name] ? [[name, modelName(model), ...scores(buckets[name])]] : [],
        ),
      ),
      2,
    )}
    <h3>${QUALITY_SCORE} by dimension</h3>
    ${table(
      ['Dimension', ...evaluations.map(({ model }) => modelLabel(model))],
      DIMENSIONS.map((dimension) => [
        DIMENSION_LABELS[dimension],
        ...evaluations.map(({ overall }) => score(overall.dimensions[dimension] ?? { mean: null, n: 0 })),
      ]),
    )}
  </section>`;
}

const DIMENSION_LABELS: Readonly<Record<Dimension, string>> = {
  relevance: 'Relevance',
  accuracy: 'Accuracy',
  coherence: 'Coherence',
  clarity: 'Clarity',
  breadthAndDepth: 'Breadth and depth',
  readingExperience: 'Reading experience',
};

function scores(summary: ScoreSummary): (Markup | string)[] {
  // A mean of two means: where they are taken over different numbers of answers, both are said.
  const n = [...new Set([summary.lengthScore.n, summary.qualityScore.n])].join('/');
  return [
    score(summary.lengthScore),
    score(summary.qualityScore),
    html`${decimal(summary.overall.mean)} <small>n ${n}</small>`,
    html`${words(summary.words.mean)} <small>n ${summary.words.n}</small>`,
    html`${summary.finishReasons['stop'] ?? 0} <small>of ${summary.completions}</small>`,
    html`${summary.unscored} <small>of ${summary.completions}</small>`,
  ];
}

function words(mean: number | null): string {
  return mean === null ? '–' : whole(mean);
}

function modelName(model: EvaluationScores['model']): Markup {
  return html`<span class="key ${model}"></span>${modelLabel(model)}`;
}
