import { gateReason } from '../../domain/model-gate.ts';
import type { ProbeScores } from '../../domain/schemas/probe.ts';
import type { ReportData } from './data.ts';
import { whole } from './format.ts';
import { html, type Markup } from './html.ts';
import { LENGTH_SCORE, score, table } from './parts.ts';

/** How a trained model, and the one before it, answered the short prompts, and whether that passes. */
export function gatePart({ method, gate }: ReportData['trainings'][number]): Markup {
  const { passed, reasons, trained, base } = gate;
  const row = (name: string, scores: ProbeScores) => [
    name,
    score({ mean: scores.lengthScore, n: scores.answers }),
    whole(scores.words),
    share(scores.repeated),
    `${whole(scores.stopped)} of ${whole(scores.answers)}`,
    Object.entries(scores.degenerate)
      .map(([kind, count]) => `${whole(count)} ${kind}`)
      .join(', ') || '0',
  ];
  return html`<h3>Gate on short prompts: ${method.toUpperCase()} ${passed ? 'passed' : 'failed'}</h3>
    ${
      passed
        ? ''
        : html`<aside class="warning">
            <p>${reasons.map((reason) => gateReason(reason, trained)).join('; ')}.</p>
          </aside>`
    }
    ${table(
      ['Model', html`Mean ${LENGTH_SCORE}`, 'Mean words', 'Repeated', 'Ended by themselves', 'Degenerate'],
      [row(`before ${method.toUpperCase()}`, base), row(`after ${method.toUpperCase()}`, trained)],
    )}`;
}

const share = (value: number): string => `${(100 * value).toFixed(1)} %`;
