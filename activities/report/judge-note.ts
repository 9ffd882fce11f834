import { isUnjudged } from '../../domain/evaluation.ts';
import { IMPORTED_JUDGE, type EvaluationScores } from '../../domain/schemas/evaluation.ts';
import { counted } from './format.ts';
import { html, NOTHING, type Markup } from './html.ts';
import { LENGTH_SCORE, QUALITY_SCORE } from './parts.ts';

/** Who judged, and how far that can be trusted. Evaluations of one run may, after a resume, have different judges. */
export function judgeNote(evaluations: readonly EvaluationScores[], isStandIn: boolean): Markup {
  if (evaluations.length > 0 && evaluations.every(isUnjudged))
    return html`<aside class="plain">
      <p><strong>Judge:</strong> none was asked. Lengths are counted; nothing is said of quality.</p>
    </aside>`;
  const judged = evaluations.filter((one) => !isUnjudged(one));
  const judges = new Map(judged.map(({ judge }) => [JSON.stringify(judge), judge]));
  return html`<aside class="${isStandIn ? 'warning' : 'plain'}">
    ${[...judges.values()].map(
      (judge) =>
        html`<p>
          <strong>Judge:</strong> ${
            judge.model === IMPORTED_JUDGE
              ? 'not known. The scores were imported with the answers.'
              : html`${judge.model}, temperature ${judge.temperature ?? 'not known'}, prompt
                  <code>${judge.promptHash.slice(0, 16)}</code>.`
          }
        </p>`,
    )}
    ${judges.size > 1 ? html`<p>The models were judged by ${counted(judges.size, 'judge')}: their ${QUALITY_SCORE} cannot be compared.</p>` : NOTHING}
    ${
      isStandIn
        ? html`<p>
            This judge is a stand-in: a model of 135M parameters is far too small to tell a good text from a bad one.
            Its scores show that judging works from end to end, <strong>not how good a text is</strong>. ${LENGTH_SCORE}
            and the words are counted and do not depend on it.
          </p>`
        : html`<p>
            Scores hold for this judge, temperature and prompt, and are comparable only where all three are the same.
          </p>`
    }
  </aside>`;
}
